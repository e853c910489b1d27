/** How logs and process events tell that a process died or was started anew; each signal adds what else counts for it. */
export const diedWords: string = [
  'restart|crash|killed|sigterm|sigkill|out of memory|segfault|segmentation fault|core dumped',
  'exit(ed)? (with )?(code|status|signal)',
].join('|')
