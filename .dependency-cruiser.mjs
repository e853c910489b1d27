// Who may import whom, from scripts/rooms.json. Type imports count.
import { packageRooms, roomPattern, rooms } from './scripts/rooms.mjs'

const testFile = '\\.test(-d)?\\.ts$'

const roomRules = rooms.map((room) => ({
  name: `room-${room.name.replace('/*', '')}`,
  comment: `${room.name} may import: ${room.imports.join(', ') || 'no other room'} (scripts/rooms.json)`,
  severity: 'error',
  from: { path: roomPattern(room.name), pathNot: testFile },
  to: {
    path: '^src/',
    pathNot: [roomPattern(room.name).replace('([^/]+)', '$1'), ...room.imports.map(roomPattern)],
  },
}))

const packageRules = Object.entries(packageRooms).map(([name, allowed]) => ({
  name: `package-${name}`,
  comment: `${name} is imported by: ${allowed.join(', ')} (scripts/rooms.json)`,
  severity: 'error',
  from: { path: '^src/', pathNot: [testFile, ...allowed.map(roomPattern)] },
  to: { path: `(^|/)node_modules/(@types/)?${name}/` },
}))

const listedPackages = `(^|/)node_modules/(@types/)?(${Object.keys(packageRooms).join('|')}|node)/`

export default {
  forbidden: [
    ...roomRules,
    ...packageRules,
    {
      name: 'room-unknown',
      comment: 'Every file of src belongs to a room of scripts/rooms.json.',
      severity: 'error',
      from: { path: '^src/', pathNot: rooms.map((room) => roomPattern(room.name)) },
      to: {},
    },
    {
      name: 'package-unknown',
      comment: 'Every package that src imports is in scripts/rooms.json.',
      severity: 'error',
      from: { path: '^src/', pathNot: testFile },
      to: { path: '(^|/)node_modules/', pathNot: listedPackages },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'src-stands-alone',
      comment: 'What is published imports nothing of what is not.',
      severity: 'error',
      from: { path: '^src/', pathNot: testFile },
      to: { path: `^(test|scripts|bench|docs|examples)/|${testFile}` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|docs|examples|bench)/|^test/repo/snippet-globals' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
}
