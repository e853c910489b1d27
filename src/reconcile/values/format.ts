const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

/** `2 s`, `70 s`, `5 min`, `1 h 30 min`: two units at most, for people. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${trimmed(ms / 1000)} s`
  const at = units.findIndex(([, size]) => ms >= size)
  const [name, size] = units[at] ?? ['s', 1000]
  const whole = Math.floor(ms / size)
  const [nextName, nextSize] = units[at + 1] ?? ['ms', 1]
  const rest = Math.floor((ms - whole * size) / nextSize)
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${nextName}`
}

function trimmed(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, '')
}

/** 46217 is `46,217`, in every country the same. */
export function countText(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

export function shareText(share: number): string {
  const percent = share * 100
  const digits = percent !== 0 && Math.abs(percent) < 10 ? 1 : 0
  return `${percent.toFixed(digits)} %`
}
