/** `LanguageCode` of the official implementation, by its wire number. */
const LANGUAGES = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
] as const

/** What a peer says it is written in. */
export type Language = (typeof LANGUAGES)[number]

const CODES: ReadonlyMap<string, number> = new Map(LANGUAGES.map((name, code) => [name, code]))

/** The wire number of a language; of one that has none, that of OTHER. */
export const languageCode = (language: Language): number => CODES.get(language) ?? 7

/** The language of a wire number; undefined for one that we do not know. */
export const languageOfCode = (code: number): Language | undefined => LANGUAGES[code]

/** The language of a name in a JSON header; undefined for one that we do not know. */
export const languageOfName = (name: string): Language | undefined => (CODES.has(name) ? (name as Language) : undefined)
