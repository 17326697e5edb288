-- The expression behind ledger.document: `payload` if ClickHouse can parse it, else with repaired surrogates, else with
-- the numbers repaired as well.
-- Each repair marks what it keeps and what it replaces alike, then takes the mark off again behind what it keeps,
-- because the regular expressions have no look-ahead. They are given '' for a sound payload rather than put behind a
-- condition: ClickHouse does not skip a function in a branch that is nested in another one.
multiIf(
    (if(isValidJSON(payload), '', payload) AS broken) = '',
    payload,
    (if(isValidJSON(
        replaceRegexpAll(
            replaceRegexpAll(broken, '(\\\\\\\\|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\1\\\\ufffd'),
            '(\\\\\\\\|\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2})\\\\ufffd', '\\1') AS whole), '', whole) AS still_broken) = '',
    whole,
    replaceRegexpAll(
        replaceRegexpAll(still_broken, '("(?:[^"\\\\]|\\\\.)*")|-?[0-9]+(?:\\.[0-9]+)?[eE]\\+?[0-9]{3,}|-?[0-9]{200,}(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', '\\1null'),
        '("(?:[^"\\\\]|\\\\.)*")null', '\\1'))
