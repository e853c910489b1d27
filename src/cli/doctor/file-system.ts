import { statfs } from 'node:fs/promises'

/** Where a file lies: what its locks and its syncs are worth. */
export interface FileSystem {
  readonly name: string
  readonly kind: 'local' | 'network' | 'memory' | 'unknown'
}

/** Linux, statfs(2): the numbers by which file systems are told apart. */
const known: Readonly<Record<number, FileSystem>> = {
  0xef53: { name: 'ext4', kind: 'local' },
  0x58465342: { name: 'xfs', kind: 'local' },
  0x9123683e: { name: 'btrfs', kind: 'local' },
  0x2fc12fc1: { name: 'zfs', kind: 'local' },
  0xf2f52010: { name: 'f2fs', kind: 'local' },
  0xca451a4e: { name: 'bcachefs', kind: 'local' },
  0x794c7630: { name: 'overlayfs', kind: 'local' },
  0x4d44: { name: 'fat', kind: 'local' },
  0x01021994: { name: 'tmpfs', kind: 'memory' },
  0x858458f6: { name: 'ramfs', kind: 'memory' },
  0x6969: { name: 'nfs', kind: 'network' },
  0x517b: { name: 'smb', kind: 'network' },
  0xff534d42: { name: 'cifs', kind: 'network' },
  0xfe534d42: { name: 'smb2', kind: 'network' },
  0x01021997: { name: '9p', kind: 'network' },
  0x00c36400: { name: 'ceph', kind: 'network' },
  0x0bd00bd0: { name: 'lustre', kind: 'network' },
  0x01161970: { name: 'gfs2', kind: 'network' },
  0x7461636f: { name: 'ocfs2', kind: 'network' },
  0x5346414f: { name: 'afs', kind: 'network' },
  0x47504653: { name: 'gpfs', kind: 'network' },
  0x786f4256: { name: 'vboxsf', kind: 'network' },
  0x65735546: { name: 'fuse', kind: 'unknown' },
  0x65735543: { name: 'fusectl', kind: 'unknown' },
}

/** The kind of a file system by its number. Pure. Other systems than Linux number theirs otherwise: not known. */
export function fileSystemOf(type: number, platform: NodeJS.Platform): FileSystem {
  if (platform !== 'linux') return { name: `file system of ${platform}`, kind: 'unknown' }
  const number = type >>> 0
  return known[number] ?? { name: `file system 0x${number.toString(16)}`, kind: 'unknown' }
}

export async function readFileSystem(path: string): Promise<FileSystem> {
  const { type } = await statfs(path)
  return fileSystemOf(type, process.platform)
}
