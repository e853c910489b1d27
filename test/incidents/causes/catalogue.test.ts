import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtInCatalogue, catalogueWith } from '../../../src/incidents/catalogue/catalogue.ts'
import { checkCause } from '../../../src/incidents/catalogue/check.ts'
import { readCatalogueFolder } from '../../../src/incidents/catalogue/folder.ts'
import { signalSpecs } from '../../../src/incidents/model.ts'
import { likelihoods } from '../../../src/incidents/plan/odds.ts'
import { rankRules } from '../../../src/incidents/rank/rules.ts'
import { hypothesesPath, hypothesesReference } from '../../../scripts/hypotheses-reference.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const catalogue = builtInCatalogue()

/** What the reference gives to each cause. Above M9 and F9 stand the remedies that it names in words. */
const remedies: Readonly<Record<string, string>> = {
  D01: 'M2 / F1 F5',
  D02: 'M3 / F1',
  D03: 'M3 / F1',
  D04: 'M3 / F8',
  D05: 'M2 / F4',
  D06: 'M1 / F3',
  D07: 'M1 / F2',
  D08: 'M1 / F3 F5',
  D09: 'M5 / F2',
  D10: 'M4 M6 / F2',
  D11: 'M3 / F3',
  D12: 'M9 / F6',
  D13: 'M1 / F6',
  D14: 'M4 / F6 F3',
  D15: 'M4 / F6',
  D16: 'M1 / F4',
  D17: 'M1 / F2 F9',
  D18: 'M1 / F11',
  D19: 'M3 M9 / F8',
  D20: 'M3 / F8',
  D21: 'M10 / F5 F8',
  D22: 'M1 / F13',
  D23: 'M7 / F4',
  D24: 'M12 / F9',
  D25: 'M2 / F10',
  D26: 'M11 / F1',
  D27: 'M13 / F8',
  D28: 'M4 / F12',
  L01: 'M8 / F7',
  L02: 'M3 / F1',
  L03: 'M3 / F8',
  L04: 'M3 M8 / F8',
  L05: 'M9 / F9',
  L06: 'M8 / F9',
  L07: 'M8 / F14',
  L08: 'M3 / F8',
  L09: 'M14 / F7',
  N01: ' / ',
  N02: ' / ',
}

describe('the catalogue', () => {
  it('is frozen: a change of it is a change of this digest, and scores from before it do not count any more', () => {
    expect(catalogue.digest).toBe('JGxB9Vxrj7vbDPdRGov1NoGAndYJQX0PgEswfW1D12E')
  })

  it('is frozen with the numbers of the ranking that weigh it', () => {
    const { pairPrior, priorOf } = rankRules
    const n02 = catalogue.causes.find(({ id }) => id === 'N02')
    if (n02 === undefined) throw new Error('N02 is not there.')
    expect([pairPrior, ...[0, 1, 2, 9].map((telling) => priorOf(n02, telling))]).toEqual([-2, 3, 1.5, 0, 0])
  })

  it('holds the causes of the reference with their remedies', () => {
    const held = catalogue.causes.map(({ id, mitigations, fixes }) => [
      id,
      `${mitigations.join(' ')} / ${fixes.join(' ')}`,
    ])
    expect(Object.fromEntries(held)).toEqual(remedies)
  })

  it('says something of every signal, and uses every remedy', () => {
    const spoken = new Set(catalogue.causes.flatMap(({ signals }) => Object.keys(signals)))
    expect(signalSpecs.map(({ id }) => id).filter((id) => !spoken.has(id))).toEqual([])
    const used = catalogue.causes.flatMap(({ mitigations, fixes }) => [...mitigations, ...fixes])
    expect(
      [...catalogue.mitigations, ...catalogue.fixes].map(({ id }) => id).filter((id) => !used.includes(id)),
    ).toEqual([])
  })

  it('has log-odds that are those of some likelihood', () => {
    for (const { id, signals } of catalogue.causes)
      for (const [signal, odds] of Object.entries(signals)) {
        const { acting, otherwise } = likelihoods(odds)
        for (const rate of [acting, otherwise]) {
          expect(rate, `${id} ${signal}`).toBeGreaterThan(0)
          expect(rate, `${id} ${signal}`).toBeLessThan(1)
        }
        expect(Math.log(acting / otherwise)).toBeCloseTo(odds[0], 9)
        expect(Math.log((1 - acting) / (1 - otherwise))).toBeCloseTo(odds[1], 9)
      }
  })

  it('has signals each with a name of its own and something that shows it', () => {
    const ids = signalSpecs.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, needs, yes, no } of signalSpecs) {
      expect(needs.length, id).toBeGreaterThan(0)
      expect(Math.min(yes.length, no.length), id).toBeGreaterThan(3)
    }
  })

  it('docs/reference/hypotheses.md is written from it (node scripts/hypotheses-reference.ts)', () => {
    expect(readFileSync(hypothesesPath, 'utf8')).toBe(hypothesesReference())
  })
})

const own = {
  id: 'X01',
  title: 'The label printer prints twice',
  kind: 'duplicate',
  mechanism: 'The printer repeats its last job after a paper jam.',
  prior: -3,
  signals: { 'gap.fixed': [2, -1] },
  test: { step: 'printer-log', signal: 'gap.fixed', action: 'Read the log of the printer', costMinutes: 5 },
  mitigations: ['M1'],
  fixes: ['X-FIX'],
  predicts: ['Each pair has a jam between.'],
}
const ownFix = {
  id: 'X-FIX',
  change: 'A new printer',
  test: 'Jam it',
  regressionRisk: 'low',
  hardening: 'count labels',
  costDays: 1,
}

describe('a catalogue of one’s own', () => {
  it('is read from a folder and stands beside the built-in one', async () => {
    const folder = temporaryDirectory()
    writeFileSync(join(folder, 'a.json'), JSON.stringify({ causes: [own] }))
    writeFileSync(join(folder, 'b.yaml'), `fixes:\n  - ${JSON.stringify(ownFix)}\n`)
    writeFileSync(join(folder, 'README.md'), 'not read')
    const both = catalogueWith(await readCatalogueFolder(folder))
    expect(both.causes.length).toBe(catalogue.causes.length + 1)
    expect(both.causes.at(-1)?.id).toBe('X01')
    expect(both.digest).not.toBe(catalogue.digest)
  })

  it.each([
    [{ signals: { 'gap.fixd': [1, -1] } }, /gap\.fixed.*got "gap\.fixd"/],
    [{ signals: { 'gap.fixed': [1, 1] } }, /two numbers of opposite signs/],
    [{ signals: { 'gap.fixed': [40, -1] } }, /a number from -6 to 6, got 40/],
    [{ prior: 'high' }, /prior must be a number.*got "high"/],
    [{ kind: 'duplicates' }, /kind must be one of duplicate, loss, neither/],
    [{ id: 'x1' }, /id must be/],
    [{ colour: 'red' }, /has no member "colour"/],
    [{ test: { ...own.test, step: 'Printer log' } }, /small letters, digits and hyphens/],
    [{ contradictions: [{ signal: 'gap.fixed', value: 'no', why: 'x' }] }, /true or false, got "no"/],
  ])('refuses %j and names the value', (change, message) => {
    expect(() => checkCause({ ...own, ...change }, 'own.yaml: causes[0]')).toThrow(message)
    expect(() => checkCause({ ...own, ...change }, 'own.yaml: causes[0]')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  it('refuses an id, a step or a remedy that clashes or is not there', () => {
    const cause = checkCause(own, 'x')
    const add = (change: object): unknown =>
      catalogueWith({ causes: [{ ...cause, fixes: [], ...change }], mitigations: [], fixes: [] })
    expect(() => add({ id: 'D02' })).toThrow('The id D02 is in the catalogue twice.')
    expect(() => add({ test: { ...cause.test, step: 'pairs-to-latency' } })).toThrow(/step pairs-to-latency/)
    expect(() => add({ mitigations: ['M99'] })).toThrow('cause X01: mitigation M99 is not in the catalogue.')
  })

  it('refuses a folder that is none, is empty, or holds no YAML', async () => {
    const folder = temporaryDirectory()
    await expect(readCatalogueFolder(join(folder, 'gone'))).rejects.toThrow(/ENOENT/)
    await expect(readCatalogueFolder(folder)).rejects.toThrow(/with 1 to 500/)
    mkdirSync(join(folder, 'in'))
    writeFileSync(join(folder, 'in', 'x.yaml'), 'causes: [')
    await expect(readCatalogueFolder(join(folder, 'in'))).rejects.toThrow(/x\.yaml is not YAML/)
    writeFileSync(join(folder, 'in', 'x.yaml'), `# ${'x'.repeat(2 ** 20)}`)
    await expect(readCatalogueFolder(join(folder, 'in'))).rejects.toThrow(
      /x\.yaml is larger than 1048576 bytes/,
    )
    mkdirSync(join(folder, 'in', 'a.yaml'))
    await expect(readCatalogueFolder(join(folder, 'in'))).rejects.toThrow(/a\.yaml cannot be read: EISDIR/)
  })
})
