// node unpack-chromium.mjs: unpacks the Chromium of @sparticuz/chromium into TMPDIR. The package takes the folder, and whether it
// brings the system libraries along, from the environment: hence a process of its own.
import chromium from '@sparticuz/chromium'

await chromium.executablePath()
