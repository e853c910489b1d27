import { maxListedRejections, type Rejected, type Rejections } from './source.ts'

export interface RejectionList {
  add(this: void, rejected: Rejected): void
  clear(this: void): void
  read(this: void): Rejections
}

/** Counts all, lists the first. */
export function rejectionList(): RejectionList {
  let listed: Rejected[] = []
  let count = 0
  return {
    add: (rejected) => {
      count++
      if (listed.length < maxListedRejections) listed.push(rejected)
    },
    clear: () => {
      listed = []
      count = 0
    },
    read: () => ({ count, listed }),
  }
}
