import type { Browser } from 'puppeteer-core'

export type Colour = readonly [red: number, green: number, blue: number]

export interface Picture {
  readonly width: number
  readonly height: number
  /** Of a pixel, from the upper left corner. */
  readonly at: (x: number, y: number) => Colour
}

/** The pixels of a PNG, decoded by the browser that took it. */
export async function pictureOf(browser: Browser, png: Uint8Array): Promise<Picture> {
  const page = await browser.newPage()
  const source = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
  const { width, height, bytes } = (await page.evaluate(`(async () => {
    const image = new Image()
    image.src = ${JSON.stringify(source)}
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, image.width, image.height)
    let bytes = ''
    for (let at = 0; at < data.length; at += 8192) bytes += String.fromCharCode(...data.subarray(at, at + 8192))
    return { width: image.width, height: image.height, bytes: btoa(bytes) }
  })()`)) as { width: number; height: number; bytes: string }
  await page.close()
  const data = Buffer.from(bytes, 'base64')
  const at = (x: number, y: number): Colour => {
    const place = (y * width + x) * 4
    return [data[place] ?? 0, data[place + 1] ?? 0, data[place + 2] ?? 0]
  }
  return { width, height, at }
}

/** `rgb(11, 83, 148)`, as a computed style has it. */
export function colourOf(style: string): Colour {
  const [red = 0, green = 0, blue = 0] = (style.match(/\d+/g) ?? []).map(Number)
  return [red, green, blue]
}

export function isNear(one: Colour, other: Colour, by = 12): boolean {
  return one.every((value, at) => Math.abs(value - (other[at] ?? 0)) <= by)
}

/** Each colour of a picture, the commonest (its paper) first. */
export function coloursOf({ width, height, at }: Picture): readonly Colour[] {
  const counts = new Map<string, { readonly colour: Colour; count: number }>()
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const colour = at(x, y)
      const known = counts.get(colour.join(','))
      if (known === undefined) counts.set(colour.join(','), { colour, count: 1 })
      else known.count += 1
    }
  return [...counts.values()].toSorted((a, b) => b.count - a.count).map(({ colour }) => colour)
}

/** Between the paper of a picture and the colour that stands out most from it (WCAG 2.2, contrast ratio). */
export function contrastIn(picture: Picture): number {
  const [paper = 0, ...others] = coloursOf(picture).map(luminance)
  return others.reduce((most, one) => Math.max(most, ratio(paper, one)), 1)
}

function ratio(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

function luminance([red, green, blue]: Colour): number {
  const linear = (value: number): number =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}
