"""Strings that are hard for a tokenizer, made from a seed: shared by compare_python.py and make_golden.py. Each case is bytes."""
import html.entities
import random
import unicodedata

CAPTIONS = """a photo of a cat|two dogs playing in the snow|A PHOTO OF THE EIFFEL TOWER AT NIGHT|it's 3 o'clock, we'll see they've gone
|I'M SURE YOU'D SAY THEY'RE HERE|an oil painting of a fox, 1885 -- "the red one"|50% off! only $9.99 (was $19.99)|e-mail: a.b+c@example.com
|#hashtag @user http://example.com/a?b=c&d=e|"quoted" and 'single'|C++20 & C# are languages|tree-lined streets...wow!!!|supercalifragilisticexpialidocious
|a_b__c ~tilde~ ^caret^ `tick`|x=y*z/2+3|tab\tand\nnewline\r\nand\rcr|  leading and trailing  |''s 't 're'VE 'LL'D''m""".replace("\n", "").split("|")
SENTENCES = """Ένας σκύλος ΤΡΕΧΕΙ ΣΤΟΝ ΚΗΠΟΣ. ΟΔΥΣΣΕΥΣ|Собака бежит по СНЕГУ, ёлка|Ein großer Hund läuft über die STRASSE, ÄÖÜ ẞ|İstanbul'da IŞIK ılık
|Un chien court à l'île, où ça? ÉCOLE œuvre|El niño comió piñata; ¿qué? ¡Sí!|这是一只猫的照片。你好，世界|犬が雪の中で遊んでいる。ＡＢＣ１２３ｶﾞｷﾞ|한국어 강아지가 뛰어요 각각
|कुत्ता बर्फ में खेल रहा है क़ख़|สุนัขกำลังเล่นหิมะ|כלב רץ בשלג שָׁלוֹם|الكلبُ يركضُ في الثلج ٣٤٥|কুকুর বরফে খেলছে ড় ঢ়|நாய் பனியில் விளையாடுகிறது|ძაღლი თოვლში ᲫᲐᲦᲚᲘ
|Շունը ձյան մեջ ԵՒ և|Con chó chạy trong tuyết ắ Ậ ệ|Žluťoučký kůň úpěl ďábelské ódy|Zażółć gęślą jaźń ŁÓDŹ|ᎠᏂᏴᏫᏯ ᏣᎳᎩ ꮳꮃꭹ|ⲁⲃⲅ ⲀⲂ 𐐀𐐁𐐨 𞤀𞤢|Ǆ ǅ ǆ ŉ ĳ Ĳ ﬁ ﬂ ﬃ ﬅ ẛ̣ ſt|K Å Ω K Å Ω"""
SENTENCES = SENTENCES.replace("\n", "").split("|")
EMOJI = "😀 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 ❤️ ✔️ ☎︎ 1️⃣ #️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🧑🏿‍🚀 ¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻ ☃ ♥ ™ © ®".split(" ")
PUNCTUATION = "’‘“”‛‟ʼ–—―…•·«»‹›¡¿§¶†‡‰¹²³¼½¾×÷±µ°ºª¬¦¨¯´¸ˆˇ˘˙˚˛˜˝€£¥¢₧ƒ№∂∆∏∑√∞∩∫≈≠≡≤≥◊�\u00a0\u00ad\u200b\u200d\u2028\u2029\ufeff\uf8ff"
SPACES = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2003\u2007\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
SPECIALS = ["<|startoftext|>", "<|endoftext|>", "<start_of_text>", "<end_of_text>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<ſtart_of_text>",
            "<START_OF_TEXT>", "<|endoftext|", "|endoftext|>", "<start_of_text", "'ſ", "'S", "<\u017ftart_of_text>"]
CODECS = ["latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso-8859-2", "mac_roman", "cp437", "sloppy-windows-1252",
          "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253", "sloppy-windows-1254", "sloppy-windows-1257"]
ENTITY_NAMES = sorted(html.entities.html5)
BLOCKS = [(0x20, 0x7F), (0x80, 0x100), (0x100, 0x250), (0x250, 0x370), (0x370, 0x400), (0x400, 0x530), (0x530, 0x700), (0x700, 0xA00),
          (0x900, 0xE00), (0xE00, 0x1100), (0x1100, 0x1200), (0x1200, 0x1E00), (0x1E00, 0x2000), (0x2000, 0x2C00), (0x2C00, 0x3100),
          (0x3000, 0x3400), (0x4E00, 0xA000), (0xA000, 0xABFF), (0xAC00, 0xD7A4), (0xE000, 0xF900), (0xF900, 0x10000),
          (0x10000, 0x11200), (0x11200, 0x12000), (0x12000, 0x17000), (0x17000, 0x1BD00), (0x1BD00, 0x1E000), (0x1E000, 0x1F000),
          (0x1F000, 0x1FB00), (0x20000, 0x2A700), (0x2A700, 0x40000), (0xE0000, 0xE0200), (0x10FF00, 0x110000)]
MARKS = [chr(c) for c in range(0x110000) if unicodedata.combining(chr(c))] + ["\u0345", "\U00011930", "\u0982", "\u200d"]
CASED = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and chr(c).lower() != chr(c)]


class Cases:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.kinds = [self.caption, self.mix, self.mojibake, self.mojibake, self.nested, self.inconsistent, self.lossy, self.entities, self.controls, self.spaces,
                      self.malformed, self.code_points, self.block, self.marks, self.sigma, self.long_word, self.specials, self.quotes,
                      self.clue_soup, self.clue_soup, self.byte_soup, self.long_text, self.escapes, self.cesu, self.html_lines]

    def one(self):
        s = self.r.choice(self.kinds)()
        return s if isinstance(s, bytes) else s.encode("utf-8", "replace")

    def sentence(self):
        return self.r.choice(CAPTIONS + SENTENCES * 2 + EMOJI)

    def caption(self):
        s = self.sentence()
        return self.r.choice([s, s.upper(), s.title(), s.swapcase(), " ".join(self.r.sample(s.split(), len(s.split())))])

    def mix(self):
        return self.r.choice(["", " ", "\n", ", ", "  "]).join(self.sentence() for _ in range(self.r.randint(1, 6)))

    def garble(self, s, errors="ignore"):
        data = s.encode("utf-8")
        try:
            out = data.decode(self.r.choice(CODECS), self.r.choice(["ignore", "replace", "strict"]))
        except UnicodeDecodeError:
            out = data.decode("latin-1")
        if self.r.random() < 0.3:
            out = out.replace("\xa0", " ")
        return out

    def fancy(self):
        words = self.sentence().split(" ")
        for _ in range(self.r.randint(0, 4)):
            words.insert(self.r.randint(0, len(words)), self.r.choice(PUNCTUATION))
        return self.r.choice([" ", "", " "]).join(words)

    def mojibake(self):
        return self.garble(self.fancy())

    def nested(self):
        s = self.fancy()[:40]
        for _ in range(self.r.randint(2, 4)):
            s = self.garble(s)
        return s

    def inconsistent(self):
        parts = [self.fancy() if self.r.random() < 0.5 else self.garble(self.fancy()) for _ in range(self.r.randint(2, 5))]
        return self.r.choice([" ", "", "\n", " - "]).join(parts)

    def lossy(self):
        s = list(self.garble(self.fancy()))
        for _ in range(self.r.randint(1, 4)):
            if s:
                s[self.r.randrange(len(s))] = self.r.choice("�?\x1a \xa0")
        return "".join(s)

    def entity(self):
        r, kind = self.r, self.r.randrange(8)
        name = r.choice(ENTITY_NAMES)
        if kind == 0:
            return "&" + name
        if kind == 1:
            return "&" + name.rstrip(";") + r.choice(["", ";", "x", " ", "=1"])
        if kind == 2:
            return "&" + name.upper()
        if kind == 3:
            return f"&#{r.choice([r.randrange(0x300), r.randrange(0x120000), r.randrange(1 << 40)])}" + r.choice([";", "", " "])
        if kind == 4:
            return f"&#{r.choice('xX')}{r.choice([r.randrange(0x100), r.randrange(0x120000), r.randrange(0xD700, 0xE100), r.randrange(1 << 70)]):{r.choice('xX')}}" + r.choice([";", "", "g"])
        if kind == 5:
            return "&amp;" + r.choice(["amp;", "lt;", "#233;", "eacute;", "amp;lt;"])
        if kind == 6:
            return r.choice(["&", "&;", "&#;", "&#x;", "&&amp;", "&#000233;", "&#x00e9;", "&NTILDE;", "&SZLIG;", "&EACUTE;", "&ampamp;", "&notit;", "&" + "a" * 40])
        i = r.randrange(len(name))
        return "&" + name[:i] + r.choice("ſé&;#<x1") + name[i:]

    def entities(self):
        return self.r.choice(["", " ", "a", "<"]).join(self.r.choice([self.entity, self.entity, self.sentence])() for _ in range(self.r.randint(1, 6)))

    def controls(self):
        s = list(self.fancy())
        for _ in range(self.r.randint(1, 6)):
            c = self.r.choice([self.r.randrange(0x20), self.r.randrange(0x7F, 0xA0), self.r.randrange(0x2000, 0x2070), self.r.randrange(0xFFF0, 0xFFFE), 0xFEFF])
            s.insert(self.r.randint(0, len(s)), chr(c))
        return "".join(s)

    def spaces(self):
        return "".join(self.r.choice([self.r.choice(SPACES), self.r.choice(SPACES), "a", "B", "1", "!", "é", "'s"]) for _ in range(self.r.randint(1, 20)))

    def malformed(self):
        data = bytearray(self.fancy().encode("utf-8"))
        for _ in range(self.r.randint(1, 6)):
            if not data:
                data = bytearray(b"x")
            i = self.r.randrange(len(data))
            action = self.r.randrange(4)
            if action == 0:
                data[i] = self.r.randrange(256)
            elif action == 1:
                del data[i]
            elif action == 2:
                data.insert(i, self.r.choice([0, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF]))
            else:
                data = data[:i] or data
        return bytes(data)

    def byte_soup(self):
        return bytes(self.r.choice([self.r.randrange(256), self.r.randrange(0x80, 0x100), self.r.choice(b"\xc0\xe0\xed\xa0\x80\xbf\xf0\x90\xf4\x8f")]) for _ in range(self.r.randint(1, 24)))

    def any_character(self):
        while True:
            c = self.r.randrange(0x110000)
            if not 0xD800 <= c < 0xE000:
                return chr(c)

    def code_points(self):
        return self.r.choice(["", "", " ", "a"]).join(self.any_character() for _ in range(self.r.randint(1, 16)))

    def block(self):
        low, high = self.r.choice(BLOCKS)
        return "".join(self.r.choice(["", "", "", " "]) + chr(self.r.randrange(low, high)) for _ in range(self.r.randint(1, 24)))

    def marks(self):
        base = "aeiouAEOåÅ한ᄀ가सড" + "\u09c7\u0b47\u1100\u1161\u11a8\u0dd9\u1025\U00011935\U00011099\u0915\u05e9\ufb2a"
        return "".join(self.r.choice([self.r.choice(base), self.r.choice(MARKS), self.r.choice(MARKS)]) for _ in range(self.r.randint(1, 14)))

    def sigma(self):
        return "".join(self.r.choice(["Σ", "Σ", "Α", "σ", "'", ".", ":", "\xad", "\u0301", " ", "ͅ", "1", "İ", "ʰ", "ⅷ", "Ⓐ", self.r.choice(CASED)]) for _ in range(self.r.randint(1, 12)))

    def long_word(self):
        unit = self.r.choice(["a", "ab", "abc", "lo", "aé", "é", "ñandu", "!", "!?", "=-", "1", "你", "😀", "th", "the", "in", "er"])
        s = unit * self.r.randint(10, 200)
        return s[:400] + self.r.choice(["", " end", "'s"])

    def specials(self):
        return "".join(self.r.choice([self.r.choice(SPECIALS), self.r.choice(SPECIALS), " ", "!", "a", "É", "<", "'s", self.sentence()[:8]]) for _ in range(self.r.randint(1, 8)))

    def quotes(self):
        return "".join(self.r.choice(PUNCTUATION + "abcXYZ'\" ") for _ in range(self.r.randint(1, 20)))

    def clue_soup(self):
        """Characters that mojibake is made of, in any order: the ground of ftfy's heuristic."""
        pools = ["ÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ", PUNCTUATION, "абвгдежзийАБВГДРСУЁЂѓґҐ", "αβγδεζηΑΒΓΔΞΟΏΊ΅΄",
                 "ŠšŽžŸŒœƒĂăĄąĆćČčĎďĐđĘęĚěŁłŃńŇňŐőŔŕŘřŚśŞşŢţŤťŮůŰűŹźŻżĀāĒēĖėĢģĪīĮįĶķĻļŅņŌōŖŗŪūŲų", "│┌┐┘├┤┬┼═║╒╓▀▄█▌▐░▒▓√≈‚Ä‚âô™ìîïò",
                 "\x80\x81\x85\x8d\x90\x91\x99\x9d\x9f\xa0\xad", "abcXYZ  .,!?19", "â€™â€œÃ©Ã±Â ï¿½ðŸ˜€вЂ™β€™ā€", "ΰ°·ª–—’…"]
        mine = self.r.sample(pools, self.r.randint(1, 4))
        return "".join(self.r.choice(self.r.choice(mine)) for _ in range(self.r.randint(1, 24)))

    def long_text(self):
        return " ".join(self.sentence() for _ in range(self.r.randint(10, 40)))

    def escapes(self):
        return "".join(self.r.choice(["\x1b[31m", "\x1b[0;1m", "\x1b[", "\x1b[٣m", "\x1b[１m", "[0m", "m", "red", "\x1b[;;H", "é", " "]) for _ in range(self.r.randint(1, 10)))

    def cesu(self):
        s = self.r.choice(EMOJI) + self.r.choice(["", "é", " x", "\n", "\x00"])
        data = b"".join(c.encode("utf-16-be") if False else self.cesu_character(c) for c in s) + self.r.choice([b"", b"\xc0\x80", b"\xc0", b"\xed", b"\xed\xa0", b"\n", b"\xc0\n", b"\xed\xa0\x80\xed\xb0\n"])
        text = data.decode("latin-1") if self.r.random() < 0.5 else data.decode("sloppy-windows-1252")
        return self.r.choice(["", "é", "Ã©"]) + text

    def cesu_character(self, c):
        if ord(c) < 0x10000:
            return c.encode("utf-8")
        v = ord(c) - 0x10000
        return b"".join(chr(u).encode("utf-8", "surrogatepass") for u in (0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF)))

    def html_lines(self):
        return self.r.choice(["\n", "\r\n", "\r"]).join(self.r.choice([self.entities, self.mojibake, self.caption, lambda: "<b>&eacute;</b>"])() for _ in range(self.r.randint(2, 5)))
