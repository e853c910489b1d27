import { label, members, oneOf } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { signalSpecs } from '../model.ts'
import type { Cause, Contradiction, Fix, Mitigation, Odds, Test } from './cause.ts'

type Fields = Readonly<Record<string, unknown>>

/** The most that one signal may weigh, either way: odds of 400 to 1. One mistaken signal must not decide alone. */
const largestOdds = 6
const directions = ['fewer', 'same', 'more'] as const

/** All of these throw `OPTION_INVALID` that names the member, the value and what was expected. */
export function checkCause(raw: unknown, name: string): Cause {
  const given = only(raw, name, [
    'id',
    'title',
    'kind',
    'mechanism',
    'prior',
    'signals',
    'contradictions',
    'test',
    'mitigations',
    'fixes',
    'predicts',
  ])
  return {
    id: id(given['id'], `${name}.id`),
    title: text(given['title'], `${name}.title`),
    kind: oneOf(given['kind'], ['duplicate', 'loss', 'neither'], `${name}.kind`),
    mechanism: text(given['mechanism'], `${name}.mechanism`),
    prior: number(given['prior'], `${name}.prior`, { min: -largestOdds, max: largestOdds }),
    signals: checkSignals(given['signals'], `${name}.signals`),
    contradictions: list(given['contradictions'] ?? [], `${name}.contradictions`).map((item, at) =>
      checkContradiction(item, `${name}.contradictions[${at}]`),
    ),
    test: checkTest(given['test'], `${name}.test`),
    mitigations: texts(given['mitigations'] ?? [], `${name}.mitigations`),
    fixes: texts(given['fixes'] ?? [], `${name}.fixes`),
    predicts: texts(given['predicts'], `${name}.predicts`),
  }
}

function checkSignals(raw: unknown, name: string): Readonly<Record<string, Odds>> {
  const given = members(raw, name) as Fields
  return Object.fromEntries(
    Object.entries(given).map(([signal, odds]) => [
      knownSignal(signal, name),
      checkOdds(odds, `${name}.${signal}`),
    ]),
  )
}

function checkOdds(raw: unknown, name: string): Odds {
  const pair = list(raw, name)
  const [whenTrue, whenFalse] = pair.map((value, at) =>
    number(value, `${name}[${at}]`, { min: -largestOdds, max: largestOdds }),
  )
  const opposite = whenTrue !== undefined && whenFalse !== undefined && whenTrue * whenFalse < 0
  if (pair.length !== 2 || !opposite) throw optionInvalid(name, 'two numbers of opposite signs', raw)
  return [whenTrue, whenFalse]
}

function checkContradiction(raw: unknown, name: string): Contradiction {
  const given = only(raw, name, ['signal', 'value', 'atLeast', 'why'])
  const value = given['value']
  if (typeof value !== 'boolean') throw optionInvalid(`${name}.value`, 'true or false', value)
  const base = {
    signal: knownSignal(given['signal'], `${name}.signal`),
    value,
    why: text(given['why'], `${name}.why`),
  }
  if (given['atLeast'] === undefined) return base
  const bound = only(given['atLeast'], `${name}.atLeast`, ['number', 'value'])
  const spec = signalSpecs.find((each) => each.id === base.signal)
  return {
    ...base,
    atLeast: {
      number: oneOf(bound['number'], spec?.numbers ?? [], `${name}.atLeast.number`),
      value: number(bound['value'], `${name}.atLeast.value`, { min: 0, max: Number.MAX_SAFE_INTEGER }),
    },
  }
}

function checkTest(raw: unknown, name: string): Test {
  const given = only(raw, name, ['step', 'signal', 'action', 'costMinutes'])
  const step = given['step']
  if (typeof step !== 'string' || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(step) || step.length > 60)
    throw optionInvalid(`${name}.step`, 'small letters, digits and hyphens', step)
  return {
    step,
    signal: knownSignal(given['signal'], `${name}.signal`),
    action: text(given['action'], `${name}.action`),
    costMinutes: number(given['costMinutes'], `${name}.costMinutes`, { min: 1, max: 100_000 }),
  }
}

export function checkMitigation(raw: unknown, name: string): Mitigation {
  const given = only(raw, name, [
    'id',
    'action',
    'sacrifices',
    'rollback',
    'effect',
    'costMinutes',
    'revertsChange',
  ])
  const reverts = given['revertsChange']
  if (reverts !== undefined && reverts !== true)
    throw optionInvalid(`${name}.revertsChange`, 'true, or nothing', reverts)
  const effect = only(given['effect'], `${name}.effect`, ['duplicates', 'losses'])
  return {
    id: id(given['id'], `${name}.id`),
    action: text(given['action'], `${name}.action`),
    sacrifices: text(given['sacrifices'], `${name}.sacrifices`),
    rollback: text(given['rollback'], `${name}.rollback`),
    effect: {
      duplicates: oneOf(effect['duplicates'], directions, `${name}.effect.duplicates`),
      losses: oneOf(effect['losses'], directions, `${name}.effect.losses`),
    },
    costMinutes: number(given['costMinutes'], `${name}.costMinutes`, { min: 1, max: 100_000 }),
    ...(reverts === undefined ? {} : { revertsChange: true as const }),
  }
}

export function checkFix(raw: unknown, name: string): Fix {
  const given = only(raw, name, ['id', 'change', 'test', 'regressionRisk', 'hardening', 'costDays'])
  return {
    id: id(given['id'], `${name}.id`),
    change: text(given['change'], `${name}.change`),
    test: text(given['test'], `${name}.test`),
    regressionRisk: text(given['regressionRisk'], `${name}.regressionRisk`),
    hardening: text(given['hardening'], `${name}.hardening`),
    costDays: number(given['costDays'], `${name}.costDays`, { min: 0.1, max: 1000 }),
  }
}

/** An object with no other members than these: a mistyped name must not be lost in silence. */
export function only(raw: unknown, name: string, fields: readonly string[]): Fields {
  const given = members(raw, name) as Fields
  const unknown = Object.keys(given).find((field) => !fields.includes(field))
  if (unknown === undefined) return given
  throw new OncewardError(
    'OPTION_INVALID',
    `${name} has no member ${JSON.stringify(unknown)}; it may have ${fields.join(', ')}.`,
  )
}

export function list(raw: unknown, name: string): readonly unknown[] {
  if (Array.isArray(raw)) return raw
  throw optionInvalid(name, 'a list', raw)
}

function texts(raw: unknown, name: string): readonly string[] {
  return list(raw, name).map((item, at) => text(item, `${name}[${at}]`))
}

function text(raw: unknown, name: string): string {
  return label(raw, name, 1000)
}

function id(raw: unknown, name: string): string {
  if (typeof raw === 'string' && /^[A-Z][A-Z0-9-]{1,19}$/.test(raw)) return raw
  throw optionInvalid(name, 'a capital, then capitals, digits and hyphens: X01', raw)
}

function knownSignal(raw: unknown, name: string): string {
  return oneOf(
    raw,
    signalSpecs.map((spec) => spec.id),
    name,
  )
}

function number(raw: unknown, name: string, { min, max }: { min: number; max: number }): number {
  if (typeof raw === 'number' && raw >= min && raw <= max) return raw
  throw optionInvalid(name, `a number from ${min} to ${max}`, raw)
}
