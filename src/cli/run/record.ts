import { isUtf8 } from 'node:buffer'
import type { KeptOutput } from './output-budget.ts'

/** What the ledger keeps of a command: the `value` of its receipt (docs/reference/json.md). */
export interface RunRecord {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly stdoutEncoding: TextEncoding
  readonly stderrEncoding: TextEncoding
  /** What the command wrote, whether it was kept or not. */
  readonly stdoutBytes: number
  readonly stderrBytes: number
  /** True when not all of the output was kept (`--max-output`). */
  readonly truncated: boolean
}

export type TextEncoding = 'utf8' | 'base64'

/** The bytes of a replay. */
export interface ReplayedRun {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** How many bytes were written and not kept. */
  readonly missingBytes: number
}

export function recordOf(exitCode: number, stdout: KeptOutput, stderr: KeptOutput): RunRecord {
  const out = encode(stdout)
  const err = encode(stderr)
  return {
    exitCode,
    stdout: out.text,
    stderr: err.text,
    stdoutEncoding: out.encoding,
    stderrEncoding: err.encoding,
    stdoutBytes: stdout.totalBytes,
    stderrBytes: stderr.totalBytes,
    truncated: isCut(stdout) || isCut(stderr),
  }
}

/** No record takes more bytes of JSON than this. */
export function maxRecordBytes(maxOutputBytes: number): number {
  return 2 * maxOutputBytes + 1024
}

function isCut(output: KeptOutput): boolean {
  return output.bytes.length < output.totalBytes
}

/** Text where it is text, so that people and `jq` can read it; base64 for what is not, or would double as JSON. */
function encode(output: KeptOutput): { text: string; encoding: TextEncoding } {
  const bytes = isCut(output) ? output.bytes.subarray(0, wholeCharacters(output.bytes)) : output.bytes
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8')
    const jsonBytes = Buffer.byteLength(JSON.stringify(text))
    if (jsonBytes <= 2 * bytes.length + 2) return { text, encoding: 'utf8' }
  }
  return { text: output.bytes.toString('base64'), encoding: 'base64' }
}

/** Where the last character that is whole ends: a cut through one would make text look like binary. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/**
 * Reads a record back. A person may have ended a doubt with a value of another shape, or with none; then there is no
 * output to give, and the exit code is 0 unless the value has one.
 */
export function replayOf(value: unknown): ReplayedRun {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Partial<RunRecord>
  const stdout = decode(record.stdout, record.stdoutEncoding)
  const stderr = decode(record.stderr, record.stderrEncoding)
  const totalBytes = wholeNumber(record.stdoutBytes) + wholeNumber(record.stderrBytes)
  return {
    exitCode: wholeNumber(record.exitCode) & 0xff,
    stdout,
    stderr,
    missingBytes: Math.max(0, totalBytes - stdout.length - stderr.length),
  }
}

function decode(text: unknown, encoding: unknown): Buffer {
  if (typeof text !== 'string') return Buffer.alloc(0)
  return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8')
}

function wholeNumber(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}
