import { useEffect, useState } from 'preact/hooks'

const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const kept = 'onceward-theme'

/** As the system has it, or as chosen here. The second member goes on to the next one. */
export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(
    () => themes.find((one) => one === localStorage.getItem(kept)) ?? 'system',
  )
  useEffect(() => {
    localStorage.setItem(kept, theme)
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  return [theme, () => setTheme(themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system')]
}
