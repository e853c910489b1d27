import { afterEach } from 'vitest'
import { Lab } from './lab.ts'

/** For tests outside of the rules: makes labs, and ends them after each test. Call it once in a file. */
export function labs(): () => Lab {
  const open: Lab[] = []
  afterEach(() => {
    for (const lab of open.splice(0)) lab.end()
  })
  return () => {
    const lab = new Lab()
    open.push(lab)
    return lab
  }
}
