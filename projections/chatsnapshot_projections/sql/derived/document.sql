-- The expression behind ledger.document: payload; repaired surrogates; repaired surrogates and numbers.
-- Each repair marks what it keeps and what it replaces alike, then takes the mark off again behind what it keeps,
-- because the regular expressions have no look-ahead.
multiIf(
    isValidJSON(payload), payload,
    isValidJSON(
        replaceRegexpAll(
            replaceRegexpAll(payload, '(\\\\\\\\|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\1\\\\ufffd'),
            '(\\\\\\\\|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})\\\\ufffd', '\\1') AS whole_surrogates),
    whole_surrogates,
    replaceRegexpAll(
        replaceRegexpAll(whole_surrogates, '("(?:[^"\\\\]|\\\\.)*")|-?[0-9]+(?:\\.[0-9]+)?[eE]\\+?[0-9]{3,}|-?[0-9]{200,}(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', '\\1null'),
        '("(?:[^"\\\\]|\\\\.)*")null', '\\1'))
