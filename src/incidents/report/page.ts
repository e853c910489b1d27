import { escaped } from './escaped.ts'
import { styles } from './styles.ts'

/**
 * One file that asks nothing of a network and has no script: a policy in it forbids both, whatever stood in the logs.
 * `more` are styles beside those of all reports.
 */
export function htmlPage(title: string, sections: readonly string[], more = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${styles}${more}</style>
</head>
<body>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`
}
