"""What stands around names: before them, up to the end of the text that is given, or after them, from its start."""

from __future__ import annotations

import re

_TITLE = "mr|mrs|miss|ms|mx|dr|doctor|prof|professor|nurse|sister|matron|practitioner|sir|dame|madame|consultant"
_RELATION = (
    "husband|wife|partner|son|daughter|mum|mom|mother|dad|father|nan|gran|grandmother|grandfather|brother|sister|friend|mate"
    "|cousin|aunt|uncle|niece|nephew|boyfriend|girlfriend|fianc[eé]e?|baby|twin|carer|neighbou?r|boss|colleague|gp|doctor"
    "|surgeon|consultant|dermatologist|therapist|nurse|practitioner|aesthetician|beautician|specialist|receptionist|manager"
    "|lady|girl|guy|man|in[ -]law"
)
# What stands before a name. After these almost any word is one ...
SAYS_NAME = re.compile(
    r"(?:\bname(?:['’]?s)?(?:\s+is|\s*[:=-])?(?:\s+(?:now|actually))?|\b(?:is|am|was|are|s)\s+called|\bnamed|\bknown as"
    r"|\b(?:go|goes|went)\s+by|\bcall(?:s|ing)?\s+(?:me|him|her)|\bbooked\s+(?:in\s+)?(?:as|under)|\bsigned(?:\s+by)?"
    r"|\bon behalf of|\bcontact\s*:)[\s,:?]*$",
    re.IGNORECASE,
)
HAS_TITLE = re.compile(rf"\b(?:{_TITLE})\b\.?\s*$", re.IGNORECASE)
# ... after these a known name, even one that is a word as well, if it has a capital letter ...
SAYS_PERSON = re.compile(
    r"\b(?:(?:i\s|i['’])?a?m|it['’]?s|this\s+is|hi|hello|hey|hiya|dear"
    rf"|(?:my|our|his|her|their|your|the|a)\s+(?:\w+\s+)?(?:{_RELATION})(?:\s+is|\s*,\s*i\s+think)?"
    r"|ask(?:ed)?(?:\s+for)?|saw|seen|met|tell|told|sp[eo]ke?\s+(?:to|with)|talk(?:ed)?\s+to|thanks|thank\s+you|sorry"
    r")\s*[,:]?\s*$",
    re.IGNORECASE,
)
SAYS_ONESELF = re.compile(r"\b(?:i\s+am|i['’]?m)\s+$", re.IGNORECASE)
TELLS = re.compile(  # the same without what is said of things: "this is amber", "I saw violet"
    r"\b(?:i\s+am|i['’]?m|hi|hello|hey|hiya|dear|ask(?:ed)?(?:\s+for)?|tell|told|sp[eo]ke?\s+(?:to|with)|i\s+think"
    rf"|(?:my|our|his|her|their|your|the)\s+(?:{_RELATION})(?:\s*,\s*i\s+think)?)\s*,?\s*$",
    re.IGNORECASE,
)
SAYS_SO = re.compile(r"^,?\s+(?:said|says|told|asked|mentioned|did\s+(?:my|me)|recommended|thinks)\b", re.IGNORECASE)
OF_THINGS = re.compile(r"^\s+(?:water|oil|hip|tinted|gold|red|green|laser|colou?red|fluid|skin|stone)", re.IGNORECASE)
SAYS_ANYBODY = re.compile(r"\b(?:with|by|from|for|and|see|is|does|did|can|could|would|was)\s+$", re.IGNORECASE)
SAYS_SPEAKER = re.compile(r"^(?:[\s,]+(?:here|speaking|again|writing)\b|\s+from\s+the\b)", re.IGNORECASE)
SAID = re.compile(
    r"^,?\s+(?:said|says|told|asked|mentioned|did\s+(?:my|me|it)|rang|recommended|thinks|used|has|had|wants)\b", re.I
)
# ... and at the end of a message or of a line the rest of it.
SIGN_OFF = re.compile(
    r"(?:\b(?:regards|rgds|thanks|thank\s+you|thx|cheers|ta|wishes|love|sincerely|faithfully|yours|signed"
    r"|best|truly|muchly)[ \t]*[,.!-]*\s*|(?:\A|\n)[ \t]*[-–—][ \t]*|\bfrom[ \t]*[:,][ \t]*)$",
    re.IGNORECASE,
)
ENDS = re.compile(r"^(?:\s*(?:'s\s+iphone|x{1,4}|:\)|[.,!]))*[ \t]*(?:\+?\(?\d|[\w.+-]+@|\n|$)", re.IGNORECASE)
