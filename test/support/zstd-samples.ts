// Made with libzstd 1.5.7 (createZstdCompress of Node 22.23, flushed after every part): between them they have blocks of
// every kind, literals of every kind, and tables that are predefined, constant, described and repeated.

export interface ZstdSample {
  readonly bytes: Buffer
  readonly length: number
  readonly crc32: number
}

const base64 = (...lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'base64')

/** Level 9, with checksum: eight blocks. */
export const MANY_BLOCKS: ZstdSample = {
  length: 2800,
  crc32: 2_106_248_554,
  bytes: base64(
    'KLUv/QRgpAYAssgYFqAlzQGkP0kibadmWwoqieD/v/erGxToTqqVFWF5o7AcHJSxTtaJraM766Qcat4ozMzMCD/BkdTlDjBc08ZM',
    'FUY+rRx6mhuo6MAzqWJG+KmVFVF0JzUogwRgGos2+K6T5uAUN6ixWnAqxaVpDBAUg+EeEErMzLAGAHgJjy+nVNA+kiFDiXnoG5Dh',
    'zz2w6MBKRyJmxckbQUW0kezd/KAI+AVn4cMWE8x0hLBqdLqAr/raoCBgCyyXYgUl3i2cw3sP7OKi30n3dWA9fzShoNQHUAMMBAAE',
    'AmVudApwYWlkYm94YWNrIAoKCnBpY2JveGN1c3RvbWVyK6igGW4GIEJjDEL5EDKnZmijDkmLsBbNWRZQAQsy7jwXtxMJoPoGR99Q',
    'pqRM5E4XyoPCSb6BKkGXdvsceROAYh/z4NJRfRGt8qrIe1HIBBTrjCzOpoQPWlHmYrgvUCrEBwDGEj0QEGD5khdgtJ89DbcD39LU',
    'FjcAOAA4AM+GJ56vxoah6ltvixSdIcW8ynWtxl/i0pYjlFZ//omEQUlHbl4YxTjeONPa+gIaNKi8ZGTi7D69fBrKi4RV5hxJ4vZA',
    '1cSOaWQUB4lUTtF5txm5FIIRNyKczerL0tiCRJPC1CicYj/ukqPFgigJaNozX7vGPP2NKJ8HljRhxYEtOCAZH2kpIA8IfB7KHjkN',
    'evNwAF9KWyBmCiLAHR28j1LVuig0/Jo5edxntniBrA4N70lHkGUZ1KOZg8mE31XM5OprljGHujy7XyD9Q+l/t4hbH/1lJjlXCjqv',
    'rrsBAKwHAMdSPDsAPAA6AAUHQuJP8dhmg9uTB1toFfxwFMnRmME/ijdxaBItcQG3pptoiIIFN8hHGIakw9sKm2VagUeBg2AM7jH9',
    'm7kAUlhREv2AMCMZ1KgkHuM5uURP5VKgvMGYMZtjWEwkWeT7zkCkmYoHpEAXHwEceIV6CWhjaI6cxPGlguwSXHuaLJDCVa1+eVNw',
    'FDkRcqaiQZUKECUzLrKB1SKdV50Q42hjEfpx8JAVZJkLryJIqRswlJ/wAmAVBbzbhwQilEruF/gBjKeGKC7NhC7dArpk0wSDgOrg',
    '01DSyhbowi6aQBgTGxKfYYYQiUW4KoKNG64AlAcAx5I7OgA7ADkAifubRCgqDhOd0Jt3HEPC4OiJrVHMLPwCh1xJDMMkQSTKCXPk',
    'B7YvaQh2btOIqBQmXpcvBMO8Mu3WDwysUoH5FLiH44cJBcAEhAamFD4zcEWHY+BAULxhRuZkWcfGWOQNE5aUTKr7BJ4LJPNB5VBP',
    'pWuk5wIBD75tz2DUm0KMxqX7qOqt5DFMsALCFBwvwkiY0+CaIEVgGo5Tu6qqQBe3ExRrG5jh3SSGLF/s2TrLzAVaCAxd1tzv25Ze',
    'ACszoQyA0UBmXGXHYxz7zKrKpBq7noTcXjrKJlnMgakLcqPup9gow4MoSApBEADiFQB6zAIAiGFjawp0YWwKcGFpZCBzaGlwHqzg',
    'GQ4ggkIQidQHd7qdYMzlktd+ZNRG1LTx2CVHJZZxdEfYTekovyneWY2Plp7NGGVPe0uIhsfgTppYwh8qG5pf3yiaqGkBAACyk4aF',
  ),
}

/** Level 1: predefined tables, literals without a tree of their own. */
export const FAST_BLOCKS: ZstdSample = {
  length: 2300,
  crc32: 1_229_306_509,
  bytes: base64(
    'KLUv/QRIVAgARhMxFqAlzQHN/qYtbaf+zQEX2vj/3/vVHQUqACgAKwB+gzJIEx5VgyM1D8BXq9iFUzXIp7duDb1wqgmPalAGKfKX',
    'zTPpEia9cCot8peGxn37XV7ZrVuDoXG/CY8yM8gncJIWTH6voAME7O/yqmjct4Ip6YRH1SCfhEeVMAnKIGaQz61bg0E+hsb9In9J',
    'mNQgnxZMvh1HoAb51OBIAQmP6q1bgx1HwH6XxxGwC6eCMvJM2qQt4VEt8pdo3C9h0rzASZgYYWJ5JhkAF8s8YvMQWNYyVlFoSM3R',
    'vEYtf2TkuJDBU4XDOB+bddAU7Mkg9FkdRgIrcjVYbifkoEqAYIa7o3ISKiunFTmelTusBACDhg55AL5ahTCxhKdF/pIwOY4A8imY',
    'LC9wEoMjHUegBkdqUEaPI4DGfcLE4Eh24Qom344jYMcR6IVTvXAqIAD020FgGxTtgDfkASr7mpEnbzPgXhOYOlC9sOivG759YH89',
    'skK8Ad7oI89EriNZOJKGpnnrMABhrI8g8UAycFx5wNAXy/TC8JFANsfaTDl2BKUdrViYOkwFAIJMKRIg3j5VvssSU/Sv1bDqjJNl',
    'RQugQ4MUFv2AQP9oyyCC4CVkA59TPNhb5BYclhJZf1PTNAyyO+HmOSQVWdJNm30mluMFTbYfAAhDYSOSxmKP7Eiv046TrLd4tHkr',
    '6lYqIiGwMPv6Ny/V0+duw6aDCGmVkv/kQQ6TxxdbqITp4pUrlTNv1VZ1py3weS9d7wKBR6+H1RWvXjUbUvhmuEMW8QwDtDD+BwA8',
    'BQCCzCgSMFh7/S3vQXorFBSgtwEkVGo5MqxQswimiOT2moPqabhxtHWXzWoKn49XQNS3uJl8pE0JihXO5AIQaQVYTRDT9y5oC6vN',
    'K30sPOFIE3jyS2KOwfbv8nKuMIX6Gbuji82Ex8S0GZnK9ef348SIOp2XMmNnf7tZfyxbQ+m5YOQ4pIYkg7hz9avV+MACWq8ThUib',
    '31prz2GMYtSnmE1vZzXuPogBAOIVAHo0BAA0A2hvbHBhaWQgYm94IHdhaXQgcGFpZGJhY2sKcGFpZHdhaXRwYWlib3h0YWxzaGlw',
    'c2hpcBwAW3FABkiQ25lDVwXgwgGgAbZlHhNn+CqD93OeFQLSzj0bLgD8fEBpBn3IdFTe0H8aQHEGv2dzgOUCKs4c/MwZpMkbqCfn',
    'sFImbkzO5rqRgwEAAEC2Q/I=',
  ),
}

/** Level 19, with its size in two bytes: 181 sequences, most of which repeat an offset. */
export const REPEATED_OFFSETS: ZstdSample = {
  length: 1548,
  crc32: 3_544_813_388,
  bytes: base64(
    'KLUv/WAMBQUNAFQNaWQ6AAAjc3QBb2ubAAAHAm9rBAAADrcVAG9rnBwDb2vxI8AqUTGEOFQ/7EYoTRNUklvkYvhpN3DVd4F+3oW3',
    'jK2T3pp5oR6oYq88tvm9msQjy1TSUNn24HHnn+4s9RT8ggEDago8EaMYHh8MJuAtHDSjOylCr0n8UHVXk16NZQ5sDHOcesGBPogY',
    'jw2Wfp31pG6rErKHuWzAcsd9zojVrdya4x7quPHq+P//FwIGTw0DFBEbCiJ4KcAwEDeoPgRFF0zAU0daKWFEaKpvgAAAAAAAAAAA',
    'gLWoILhC+wagKjqzDSCEoMmCDgdjGESKdywVuso6ijQhy0XOxI6T9Nslh57u4/nOXDlqBIRKPKaf+TSZpc0bKjmFIi+SBUK9QZ2f',
    'ZCORjXImkYb1EFOIKPo2QReCH4hoKjsTVfWZQvPO/0FXNNzYt1pjochCKmeGsWeWUKZb5aEgMZXbxsJWujy8JhAkRAw6lB5YqNKw',
    't0i2iLyystx6MkLJEXNJoYyjmtyiCo/FCFOd67CKSNnOL3Szg49ioDKhFdF7TwjgcVcK',
  ),
}
