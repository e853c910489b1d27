import type { Readable } from 'node:stream'
import { type ErrorWatcher, isClientStatus, isRefusal } from '../../http/index.ts'

interface Observer {
  next(value: unknown): void
  error(error: unknown): void
  complete(): void
}

/** What is used of an `Observable` of RxJS. */
export interface ObservableLike {
  subscribe(observer: Observer): unknown
}
type ObservableClass<Source> = new (subscribe: (observer: Observer) => unknown) => Source

/**
 * The same observable, whose error is shown to `watcher` before anybody else sees it. It is made by its own class: what
 * Nest gives is of the application's copy of RxJS, which need not be ours to import.
 */
export function watchErrors<Source extends ObservableLike>(source: Source, watcher: ErrorWatcher): Source {
  const Observable = source.constructor as ObservableClass<Source>
  return new Observable((observer) =>
    source.subscribe({
      next: (value) => {
        watchFile(value, watcher)
        observer.next(value)
      },
      error: (error) => watcher(error, () => observer.error(error)),
      complete: () => observer.complete(),
    }),
  )
}

/**
 * Nest ends the answer, as if it were whole, where the stream of a `StreamableFile` breaks off. On Express it closes the
 * stream with the connection, and then ends nothing.
 */
function watchFile(value: unknown, watcher: ErrorWatcher): void {
  const { getStream } = (value ?? {}) as { readonly getStream?: () => unknown }
  if (typeof getStream !== 'function') return
  const stream = getStream.call(value) as Readable
  stream.once('error', (error) => watcher(error))
  stream.once('close', () => {
    if (!stream.readableEnded) watcher(new Error('the stream of the answer was closed before its end'))
  })
}

/** An `HttpException` with a status of 400 to 499 is how a handler, or a pipe, refuses. */
export function isMeantAsAnswer(error: unknown): boolean {
  if (isRefusal(error)) return true
  const { getStatus } = (error ?? {}) as { readonly getStatus?: () => unknown }
  return typeof getStatus === 'function' && isClientStatus(getStatus.call(error))
}
