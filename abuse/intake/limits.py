"""Limits: how much of everything a parser takes, and why. Sizes in octets or characters, as the names say."""

KIB = 1024
MIB = 1024 * KIB

# What a door stores at most (abuse.submissions.MAX_SIZE): more never gets here, and is refused if it does.
MAX_OCTETS = 25 * MIB

# XARF 4: at most 50 items of 5 MiB each and 15 MiB in all, counted as decoded.
MAX_ATTACHMENTS = 50
MAX_ATTACHMENT_OCTETS = 5 * MIB
MAX_ATTACHMENTS_OCTETS = 15 * MIB

# An empty JSON object costs 64 octets in memory and two in the file: a million values are below 100 MiB.
MAX_JSON_VALUES = 1_000_000
# XARF, STIX and MISP nest ten deep at most.
MAX_JSON_DEPTH = 40
# Python refuses above 4300 digits; a number of a report fits into 64 bits.
MAX_DIGITS = 18

# One list of reports is one transaction of the reader; a second of validation is about 500 reports.
MAX_REPORTS = 5_000
MAX_REPORTS_VALIDATED = 500

# The list of 2014 had 18,472 lines; five of them is a lot, and two seconds.
MAX_LINES = 100_000
MAX_LINE_CHARACTERS = 8_000
MAX_COLUMNS = 100

# A report of one thing names a handful of hosts; lists are cut into drafts of this many.
MAX_SUBJECTS = 1_000
# Of a letter: a page pasted from a log has some hundred. More than that is a list, and is read as one.
MAX_SUBJECTS_OF_PROSE = 1_000
MAX_PROSE_CHARACTERS = 256 * KIB
MAX_WORD_CHARACTERS = 4_000

# Browsers go to 2,000 in practice; phishing kits pad theirs.
MAX_URL_CHARACTERS = 4_000
MAX_DESCRIPTION_CHARACTERS = 20_000
MAX_FIELD_CHARACTERS = 300
MAX_ID_CHARACTERS = 200
MAX_KIND_CHARACTERS = 60
# XARF 4 allows 20; MISP and feeds have more.
MAX_TAGS = 50
MAX_WARNINGS = 60
MAX_WARNING_CHARACTERS = 300

# A row of the desk is read often: what is longer stays in the submission as it came.
MAX_DETAILS_OCTETS = 48 * KIB
MAX_DETAIL_CHARACTERS = 2_000
MAX_DETAIL_ITEMS = 200
MAX_DETAIL_DEPTH = 8

# One field as mailers write it is below 2 KiB; the whole header of a mail with forty hops and signatures below 64 KiB.
MAX_MAIL_HEADER_OCTETS = 8 * KIB
MAX_MAIL_HEADERS_OCTETS = 256 * KIB
MAX_MAIL_HEADERS = 4_000
MAX_MAIL_PARTS = 200
# A report about a forwarded mail about a mail is three deep.
MAX_MAIL_DEPTH = 12

# X-ARF 0.1 is some twenty lines.
MAX_YAML_CHARACTERS = 64 * KIB
MAX_YAML_NODES = 2_000
MAX_YAML_DEPTH = 10

# A STIX pattern: one comparison per indicator is usual, a list of some hundred occurs.
MAX_PATTERN_CHARACTERS = 64 * KIB
