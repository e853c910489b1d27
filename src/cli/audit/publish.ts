import type { AuditReport } from '../../reconcile/index.ts'
import { writeText } from '../contract/files.ts'
import { write } from '../output.ts'
import type { AuditCommandOptions } from './options.ts'

/** Writes what `--csv` and `--html` ask for. */
export async function publish(report: AuditReport, { csv, html }: AuditCommandOptions): Promise<void> {
  if (csv !== undefined) {
    const { auditCsv } = await import('../../reconcile/audit/csv.ts')
    await put(auditCsv(report), csv, '--csv')
  }
  if (html !== undefined) {
    const { auditHtml } = await import('../../reconcile/audit/html.ts')
    await put(auditHtml(report), html, '--html')
  }
}

async function put(text: string, to: string | true, name: string): Promise<void> {
  if (to === true || to === '-') await write(process.stdout, text)
  else await writeText(to, text, name)
}
