import * as zlib from 'node:zlib'

type Unpack = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer
type Pack = (bytes: Uint8Array, options: { readonly params: Readonly<Record<number, number>> }) => Buffer

/** What Node has from 22.15 and 23.8 on. */
const node = zlib as { readonly zstdDecompressSync?: Unpack; readonly zstdCompressSync?: Pack }

/** `ZSTD_c_compressionLevel` of the format's library. */
const COMPRESSION_LEVEL = 100

const packerOf = (pack: Pack | undefined) =>
  pack === undefined
    ? null
    : (bytes: Uint8Array, level: number): Buffer => pack(bytes, { params: { [COMPRESSION_LEVEL]: level } })

export const unpackZstdWithNode = node.zstdDecompressSync

/** Writes one zstd frame; null where Node cannot. */
export const packZstdWithNode: ((bytes: Uint8Array, level: number) => Buffer) | null = packerOf(node.zstdCompressSync)
