"""Cleaning of captions: which words are English, what a title says beside its author's name, concept keys."""
import functools
import re

from common import EXTRACTED

# The Italian titles of one productive openclipart author; pictures whose title stays foreign are dropped.
ITALIAN = dict(p.split("=") for p in """
acquila=eagle;aquila=eagle;cavallo=horse;gatto=cat;cane=dog;tigre=tiger;leone=lion;lucertola=lizard;pesce=fish;pesci=fish;uccello=bird;
farfalla=butterfly;ape=bee;ragno=spider;serpente=snake;mucca=cow;toro=bull;maiale=pig;pecora=sheep;gallina=hen;gallo=rooster;pulcino=chick;
coniglio=rabbit;topo=mouse;orso=bear;elefante=elephant;scimmia=monkey;rana=frog;tartaruga=turtle;delfino=dolphin;balena=whale;squalo=shark;
pinguino=penguin;gufo=owl;civetta=owl;colomba=dove;anatra=duck;oca=goose;cigno=swan;pappagallo=parrot;lupo=wolf;volpe=fox;cervo=deer;
zebra=zebra;giraffa=giraffe;cammello=camel;coccodrillo=crocodile;dinosauro=dinosaur;drago=dragon;mostriciattolo=little monster;granchio=crab;
polpo=octopus;lumaca=snail;formica=ant;mosca=fly;zanzara=mosquito;coccinella=ladybug;scarabeo=beetle;fiore=flower;fiori=flowers;albero=tree;
foglia=leaf;rosa=rose;girasole=sunflower;cactus=cactus;mela=apple;pera=pear;fragola=strawberry;ciliegia=cherry;ciliegie=cherries;uva=grapes;
limone=lemon;arancia=orange;pesca=peach;anguria=watermelon;banana=banana;ananas=pineapple;pomodoro=tomato;carota=carrot;peperone=pepper;
fungo=mushroom;pane=bread;formaggio=cheese;uovo=egg;torta=cake;gelato=ice cream;caffe=coffee;bottiglia=bottle;bicchiere=glass;tazza=cup;
birra=beer;vino=wine;pizza=pizza;pasta=pasta;coltello=knife;forchetta=fork;cucchiaio=spoon;martello=hammer;chiave=wrench;cacciavite=screwdriver;
sega=saw;pinza=pliers;trapano=drill;forbici=scissors;utensili=tools;pennello=brush;matita=pencil;penna=pen;libro=book;quaderno=notebook;
casa=house;chiesa=church;castello=castle;torre=tower;ponte=bridge;poltrona=armchair;ufficio=office;sedia=chair;tavolo=table;letto=bed;
lampada=lamp;lampadina=light bulb;orologio=clock;telefono=telephone;televisore=television;radio=radio;microscopio=microscope;
macchina=car;automobile=car;camion=truck;treno=train;aereo=airplane;nave=ship;barca=boat;bicicletta=bicycle;moto=motorcycle;razzo=rocket;
sole=sun;luna=moon;stella=star;nuvola=cloud;pioggia=rain;neve=snow;fulmine=lightning;ombrello=umbrella;mondo=globe;
uomo=man;donna=woman;bambino=child;bambina=girl;ragazzo=boy;ragazza=girl;vecchio=old man;dottore=doctor;medico=doctor;infermiera=nurse;
carpentiere=carpenter;muratore=bricklayer;cuoco=cook;poliziotto=policeman;pompiere=fireman;maestra=teacher;siringa=syringe;
chitarra=guitar;violino=violin;tromba=trumpet;tamburo=drum;pianoforte=piano;flauto=flute;sassofono=saxophone;arpa=harp;palla=ball;
pallone=ball;cappello=hat;scarpa=shoe;scarpe=shoes;occhiali=glasses;guanto=glove;mano=hand;occhio=eye;bocca=mouth;naso=nose;
cuore=heart;spada=sword;pistola=pistol;bomba=bomb;candela=candle;regalo=gift;campana=bell;angelo=angel;teschio=skull;fantasma=ghost;
strega=witch;zucca=pumpkin;babbo=santa;natale=christmas;provetta=test tube;bilancia=scales;utente=user;singolo=single
""".replace("\n", "").strip().split(";") if p)

STOP = set("a an the of with and or in on to for at by from its is s".split())
COLOURS = set("red green blue yellow orange purple pink brown black white grey gray gold golden silver dark light "
              "bronze colour color coloured colored bw".split())
SIZES = set("small big large little tiny huge simple single plain".split())
GENDER = set("man woman men women person people boy girl male female".split())
JUNK = set("clipart bw bb collection elements map svg png icon icons symbol symbols sign theme hash arrgh submission sibmission architetto francesco rollandin "
           "architect jean victor balin nicu buculei gerald g".split())

TOO_VAGUE = set("general various unsorted food people animals object thing simple basic default misc other example new test".split())


@functools.lru_cache(maxsize=1)
def english():
    """Words of WordNet's index files (nouns, verbs, adjectives, adverbs)."""
    words = set(STOP)
    for part in ("noun", "verb", "adj", "adv"):
        with open(EXTRACTED / f"wordnet-base/usr/share/wordnet/index.{part}", encoding="latin-1") as file:
            for line in file:
                if not line.startswith(" "):
                    words.update(line.split(" ", 1)[0].replace("-", "_").split("_"))
    return words


def singular(word):
    for suffix, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("xes", "x"), ("ves", "f"), ("s", "")):
        if word.endswith(suffix) and len(word) > len(suffix) + 2 and not word.endswith("ss"):
            stem = word[: -len(suffix)] + instead
            if stem in english():
                return stem
    return word


def words_of(text):
    """Lower-case words of a title or a file name: camelCase, digits, separators and possessives taken apart."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    text = re.sub(r"['’]s\b", "", text)
    return re.findall(r"[a-zà-ÿ]+", text.lower())


def clean_title(title, author=""):
    """The English words of a title, or '' where too little of it is English."""
    title = title.split(" - ")[0]
    drop = set(words_of(author)) | JUNK
    words = [w for w in words_of(title) if w not in drop]
    words = " ".join(ITALIAN.get(w, w) for w in words).split()
    known = [w for w in words if w in english() or singular(w) in english()]
    known = [w for i, w in enumerate(known) if i == 0 or w != known[i - 1]]
    content = [w for w in known if w not in STOP and len(w) > 1]
    if not content or len(known) < 0.7 * len(words):
        return ""
    while known and known[-1] in STOP:
        known.pop()
    if " ".join(known) in TOO_VAGUE:
        return ""
    return " ".join(w for w in known if len(w) > 1 or w == "a")[:60].strip()


def concept_key(caption):
    """What a caption is about: without colours, sizes and numbers, in the singular, gender variants together."""
    words = [singular(w) for w in words_of(caption)]
    content = [w for w in words if w not in STOP]
    for drop in (COLOURS | SIZES, GENDER):
        fewer = [w for w in content if w not in drop]
        content = fewer or content
    return " ".join(sorted(set(content)))
