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

export type Language = (typeof LANGUAGES)[number]

const CODES: ReadonlyMap<string, number> = new Map(LANGUAGES.map((name, code) => [name, code]))

export const languageCode = (language: Language): number => CODES.get(language) ?? 7

export const languageOfCode = (code: number): Language | undefined => LANGUAGES[code]

export const languageOfName = (name: string): Language | undefined => (CODES.has(name) ? (name as Language) : undefined)
