// A lock that two processes in one checkout can hold in turn: a directory, touched while it is held, so that what a
// killed holder left behind is recognised. Plain JavaScript for Node >= 18.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** A lock whose holder has not touched it for so long is abandoned. The holder touches it every `touchMs`. */
const staleMs = 30_000
const touchMs = 2_000
const pollMs = 250

/** Waits for the lock and gives the function that releases it. `onWait` is called once, if there is a wait. */
export async function takeDirectoryLock(path, onWait) {
  let waited = false
  while (!tryMakeDirectory(path)) {
    if (isAbandoned(path)) {
      removeAbandoned(path)
      continue
    }
    if (!waited) onWait()
    waited = true
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  writeFileSync(ownerFile(path), JSON.stringify({ pid: process.pid, host: hostname() }))
  const timer = setInterval(() => touch(path), touchMs)
  return () => {
    clearInterval(timer)
    rmSync(path, { recursive: true, force: true })
  }
}

function tryMakeDirectory(path) {
  try {
    mkdirSync(path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Taken away by hand: the holder goes on, only unguarded.
  }
}

function isAbandoned(path) {
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  if (touchedMs === undefined) return false
  if (Date.now() - touchedMs > staleMs) return true
  return isHolderDead(path)
}

/** Renamed first, so that of several who found it abandoned one removes it, and a lock taken since is put back. */
function removeAbandoned(path) {
  const aside = `${path}.${process.pid}.${Date.now()}`
  try {
    renameSync(path, aside)
    if (!isHolderDead(aside) && !isAbandoned(aside)) renameSync(aside, path)
  } catch {
    // Another one was faster.
  }
  rmSync(aside, { recursive: true, force: true })
}

/** Known only on the holder's own machine, and once it has written its name. */
function isHolderDead(path) {
  const owner = readOwner(path)
  if (owner === undefined || owner.host !== hostname()) return false
  try {
    process.kill(owner.pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function readOwner(path) {
  try {
    return JSON.parse(readFileSync(ownerFile(path), 'utf8'))
  } catch {
    return undefined
  }
}

function ownerFile(path) {
  return join(path, 'owner.json')
}
