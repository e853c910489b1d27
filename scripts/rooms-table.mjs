// node scripts/rooms-table.mjs: prints the table that ARCHITECTURE.md shows between its rooms:start and rooms:end.
import { roomsTable } from './rooms.mjs'

console.log(roomsTable())
