import { expect, it } from 'vitest'
import { watchAwaits } from './await-points.ts'

it('tells of each await before what follows it runs, and of none after its own end', async () => {
  const seen: string[] = []
  const points = watchAwaits(() => seen.push('point'))
  seen.push('first')
  await Promise.resolve()
  seen.push('second')
  await Promise.resolve()
  seen.push('third')
  points.stop()
  const counted = points.count()
  await Promise.resolve()
  expect(points.count()).toBe(counted)
  expect(seen.filter((what) => what === 'point')).toHaveLength(counted)
  // Whatever else runs in this process adds points, and takes none away.
  expect(seen[seen.indexOf('second') - 1]).toBe('point')
  expect(seen[seen.indexOf('third') - 1]).toBe('point')
})
