// Reads rooms.json, the one table of who may import whom, for dependency-cruiser, ARCHITECTURE.md and the tests.
import { readFileSync } from 'node:fs'

const { columns, only, files, packages } = JSON.parse(
  readFileSync(new URL('rooms.json', import.meta.url), 'utf8'),
)

/** The packages src may import, each with the rooms that may. */
export const packageRooms = packages

/** Every room, left to right: its column, name, what it holds and which rooms it may import. */
export const rooms = columns.flatMap((column, position) =>
  Object.entries(column.rooms).map(([name, holds]) => ({
    column: position + 1,
    name,
    holds,
    imports: only[name] ?? columns.slice(0, position).flatMap((left) => Object.keys(left.rooms)),
  })),
)

/**
 * The regular expression of the paths in a room, the test beside a one-file room included. `stores/*` and its like have
 * one group, the name of the one store.
 */
export function roomPattern(name) {
  if (files[name] !== undefined) return `^${escape(files[name].replace(/ts$/, ''))}(test\\.)?ts$`
  return `^src/${name.replace('/*', '/([^/]+)')}/`
}

/** The rooms a path belongs to: one, unless the table is wrong. */
export function roomsOf(path) {
  return rooms.filter((room) => new RegExp(roomPattern(room.name)).test(path)).map((room) => room.name)
}

/** The table as ARCHITECTURE.md shows it. */
export function roomsTable() {
  const lines = rooms.map(
    (room) => `| ${room.column} | \`${room.name}\` | ${room.holds} | ${importsCell(room)} |`,
  )
  return ['| column | room | holds | may import |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

function importsCell(room) {
  if (room.imports.length === 0) return 'no other room'
  if (only[room.name] !== undefined) return `${room.imports.map((name) => `\`${name}\``).join(', ')} only`
  return room.column === 2 ? 'column 1' : `columns 1 to ${room.column - 1}`
}

function escape(text) {
  return text.replaceAll('.', '\\.')
}
