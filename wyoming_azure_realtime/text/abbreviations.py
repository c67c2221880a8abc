"""Words that end with a dot without ending a sentence, by language, and what makes a number an ordinal.

The names of months and weekdays are those of Unicode's CLDR 49 (https://cldr.unicode.org), as Babel 2.19 has
them; the other lists were written for this project. All words are in lower case and without their last dot.
"""

# ruff: noqa: RUF001 - many scripts

TITLES = {
    "en": "mr mrs ms mx dr prof rev hon capt lt sgt cmdr",
    "de": "dr prof hr fr frl dipl ing mag med",
    "fr": "mme mlle mm dr pr mgr me",
    "es": "sr sra srta sres dra dña prof profa ud uds",
    "it": "sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa ing avv arch geom on",
    "nl": "dhr mevr mw dr drs ir ing prof mr",
    "pl": "dr prof mgr inż ks św płk gen por kpt hab",
    "pt": "sr sra srta sres dra profa eng",
    "ru": "г-н г-жа проф акад св им",
    "uk": "проф акад доц св ім",
    "cs": "dr prof ing mgr mudr judr phdr rndr bc sv",
    "sk": "dr prof ing mgr mudr judr phdr rndr bc sv",
    "sv": "dr prof hr fru",
    "da": "dr prof hr fr frk skt sct",
    "nb": "dr prof hr fr frk st",
    "fi": "prof tri toht rva hra",
    "hu": "dr prof id ifj özv szt",
    "ro": "dl dna d-na d-l dra d-ra d-șoara dș dr prof ing sf",
    "tr": "dr prof doç sn av yrd öğr gör alb org op uzm ecz",
    "el": "κ κα κος δρ καθ αγ κκ",
    "vi": "ts ths gs pgs bs tp",
    "hi": "डॉ श्री श्रीमती प्रो पं कु",
    "ar": "د أ م أ.د",
    "he": 'ד"ר גב פרופ',
}
"""Before names. Those of one language are in the texts of others as well."""

WITHIN = {
    "en": (
        "gen col adm gov sen rep st mt ft vs approx ca cf dept est e.g i.e eg ie viz al tel ext incl excl "
        "temp"
    ),
    "de": (
        "hl st bzw ca vgl evtl ggf inkl exkl zzgl max min sog tel z.b z.t d.h u.a i.d.r o.ä u.u v.a z.zt "
        "zb dh gem mind allg lt ehem geb gest bes insb jährl mtl tägl a.d b.d b i.a ges gegr verh vorl "
        "stellv betr bspw"
    ),
    "fr": "m st ste p.ex ex env cf éd av boul bd tél apr hab max min réf imp rte dép",
    "es": "dr d gral p.ej ej aprox av avda c ctra pza tel tfno máx mín núm pág vd vds sto sta",
    "it": "p.es es ca cfr tel max min v c.so p.za p.zza v.le ss cap fam spett gent egr",
    "nl": (
        "bijv bv ca d.w.z m.a.w o.a i.p.v t.o.v m.b.t t.a.v a.u.b resp evt incl excl max min tel ong st "
        "v.a i.v.m m.i.v n.a.v t.e.m t/m vgl zgn"
    ),
    "pl": (
        "np tj tzn m.in ok ul al pl os tel wg ww im gosp pon wt śr czw pt sob niedz tzw ds lok max min ur "
        "zm r.ż"
    ),
    "pt": "d dr prof p.ex ex av tel aprox máx mín núm pág v.ex r trav pça lg est rod exmo exma st sto sta",
    "ru": (
        "т.е т.к т.н напр ул пр просп пл пер д кв корп стр тел ср см т прибл ок бул наб пос обл ст пн вт "
        "чт пт сб вс м макс мин им р-н оз"
    ),
    "uk": "т.зв напр вул просп пров пл бул буд кв корп тел див ср м обл наб макс мін ок прибл с смт",
    "cs": "např tj tzn tzv popř resp cca ul nám tel p st č.p max min tř bl vč o.p.s s.r.o stol kpt gen",
    "sk": "napr t.j t.z tzv popr resp cca ul nám tel p st č.d max min tr vrát s.r.o",
    "sv": (
        "t.ex bl.a d.v.s dvs ca kl tel max min s.k m.a.o fr.o.m t.o.m ev resp inkl exkl jfr st tr f.d "
        "p.g.a i.o.m"
    ),
    "da": (
        "f.eks fx bl.a dvs ca kl tlf max min inkl ekskl evt jf vedr mht ang pr st s.u sml maks f.kr e.kr "
        "søn man tirs ons tors lør"
    ),
    "nb": "f.eks bl.a dvs ca kl tlf maks min inkl ekskl evt jf vedr mht ang pr sml tor lør søn",
    "fi": "esim n klo ts puh os vrt ns huom nro ao ko kk alk synt max min ent",
    "hu": "pl kb ún ill vö u krt ltp ker fsz em tel max min kft mb br nettó dr",
    "ro": "str bd bul nr bl sc ap et jud tel ex p.ex cca aprox min max art al șos int com loc mun",
    "tr": "cad sok mah apt no tel blv bul cd sk örn bkz yy gnl krş mad max min haz md şb alm ing fr",
    "el": "π.χ δηλ αρ οδ τηλ λεωφ πλ βλ περ χλμ λ σ κ.ο.κ αριθμ παρ πρβλ μτφ",
    "vi": "q p đ h x tx tt nxb đt",
    "hi": "नं सं कि.मी रु मि पृ",
    "ar": "ص ت هـ ج ط",
    "he": "מס רח טל עמ למש שד",
}
"""In mid-sentence: the sentence always goes on."""

NUMBERED = {
    "en": (
        "no nos nr fig figs vol ch art sec pt pp p eq ref rm apt jan feb mar apr jun jul aug sep sept oct "
        "nov dec mon tue tues wed thu thurs fri sat sun"
    ),
    "de": "nr nrn abb abs art bd kap s stk ziff § hausnr tel zi whg mo di mi do fr sa so",
    "fr": "no nº n° art chap fig p pp vol appt bât esc ch dim lun mar mer jeu ven sam",
    "es": "no nro n.º n art cap fig p pp vol km ene feb mar abr may jun jul ago sept oct nov dic",
    "it": "n nr art cap fig p pp vol int gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "nr art blz fig hfdst p jan feb mrt apr jun jul aug sep okt nov dec ma di wo do vr za zo",
    "pl": "nr art poz rys s str t godz tel m lok pkt",
    "pt": "no n nº art cap fig p pp vol apt ap dom seg ter qua qui sex sáb",
    "ru": "рис гл с ст п г № д кв стр т оф эт",
    "uk": "рис гл с ст п № д кв стор т оф р",
    "cs": "č čís str s kap obr odst čl po út st čt pá so ne",
    "sk": "č čís str s kap obr ods čl po ut st št pi so ne",
    "sv": "nr sid s kap fig mån tis ons tors fre lör sön",
    "da": "nr s kap fig stk lejl fre",
    "nb": "nr s kap fig stk leil man tir ons fre",
    "fi": "nro s kpl luku kuva as ma ti ke to pe la su",
    "hu": "sz o old fej",
    "ro": "nr art cap fig p pag vol lun mar mie vin sâm dum",
    "tr": "no s sy böl daire kat",
    "el": "αρ αρθ σελ κεφ αριθ",
    "vi": "số tr ch",
    "ko": "no",
    "he": "מס עמ",
    "hi": "क्र",
    "zh": "no",
    "ja": "no",
}
"""Before a number only: "No. 5", but "No. I will not." """

CLOSING = {
    "en": "etc a.m p.m inc ltd co corp jr sr bros u.s u.k u.s.a u.n d.c ph.d b.a m.a b.c a.d",
    "de": "usw etc u.s.w usf uvm u.v.m o.g n.chr v.chr ff mfg",
    "fr": "etc s.a",
    "es": "etc a.m p.m ee.uu s.a s.l d.c a.c",
    "it": "ecc etc s.p.a s.r.l a.c d.c",
    "nl": "enz etc n.v b.v e.d",
    "pl": "itd itp etc r w zł gr p.n.e n.e s.a",
    "ru": "т.д т.п г гг др пр руб коп мин сек час тыс млн млрд н.э в вв",
    "uk": "т.д т.п р рр ін грн коп хв год сек тис млн млрд н.е ст",
    "pt": "etc s.a ltda a.c d.c",
    "cs": "atd apod aj hod n.l př.n.l",
    "sk": "atď pod hod n.l",
    "sv": "osv etc m.m m.fl o.s.v o.d",
    "da": "osv etc m.m mv m.fl kr",
    "nb": "osv etc m.m m.fl o.l kr",
    "fi": "jne ym yms eKr jKr ekr jkr mm",
    "hu": "stb ft",
    "ro": "etc ș.a ș.a.m.d s.a d.hr î.hr",
    "tr": "vb vs",
    "el": "κ.λπ κλπ κτλ π.μ μ.μ κ.ά π.χρ μ.χρ",
    "vi": "v.v",
    "hi": "इत्यादि",
    "ar": "ق.م",
}
"""They may end a sentence: they do where the next word could begin one."""

NAME_LIKE = "inc ltd co corp jr sr bros u.s u.k u.s.a u.n d.c ph.d b.a m.a s.a s.l s.p.a s.r.l n.v b.v ee.uu"
"""Companies and countries: followed by more of the name as often as by a sentence."""

UNITS = {
    "de": "mio mrd tsd std min sek pkt stk etg",
    "nl": "mln mld",
    "fi": "milj mrd t kk v min",
    "da": "mio mia min sek",
    "nb": "mill mrd min sek",
    "sv": "milj mdr min sek tim",
    "hu": "perc",
    "it": "mld mln",
    "pt": "min seg",
    "cs": "mil tis min sek",
    "sk": "mil tis min sek",
    "pl": "min sek tys",
}
"""After a number. Mostly the sentence goes on; it ends where the next word often begins one."""

STREETS = {
    "de": "str pl",
    "nl": "str",
}
"""Words that end in one of these go on like `UNITS`: "Hauptstr. 5", "in der Bahnhofstr. am Eck"."""

BEFORE_NUMBER = {
    "de": "nr",
    "nl": "nr ln",
    "nb": "nr gt",
    "sv": "nr",
    "da": "nr",
}
"""Words that end in one of these go on before a number: "Hausnr. 5", "Storgt. 5"."""

HOUSES = "all ave av avda bd bld blvd boul ch imp pl rte str st sq rd"
"""After a house's number, in any language: "5 av. Foch"."""

MONTHS = {
    "de": (
        "apr april aug august dez dezember feb februar jan januar jul juli jun juni mai mär märz nov "
        "november okt oktober sep sept september jänner feber"
    ),
    "da": (
        "apr april aug august dec december feb februar jan januar jul juli jun juni maj mar marts nov "
        "november okt oktober sep september"
    ),
    "nb": (
        "apr april aug august des desember feb februar jan januar jul juli jun juni mai mar mars nov "
        "november okt oktober sep september"
    ),
    "fi": (
        "elokuu elokuuta heinäkuu heinäkuuta helmikuu helmikuuta huhtikuu huhtikuuta joulukuu joulukuuta "
        "kesäkuu kesäkuuta lokakuu lokakuuta maaliskuu maaliskuuta marraskuu marraskuuta syyskuu "
        "syyskuuta tammikuu tammikuuta toukokuu toukokuuta"
    ),
    "cs": (
        "březen března duben dubna květen května leden ledna listopad listopadu prosince prosinec srpen "
        "srpna září únor února červen červena července červenec června říjen října"
    ),
    "sk": (
        "apr apríl apríla aug august augusta dec december decembra feb február februára jan január "
        "januára júl júla jún júna mar marca marec máj mája nov november novembra okt október októbra sep "
        "september septembra"
    ),
    "pl": (
        "czerwca czerwiec grudnia grudzień kwiecień kwietnia lipca lipiec listopad listopada lutego luty "
        "maj maja marca marzec października październik sierpień sierpnia styczeń stycznia września "
        "wrzesień"
    ),
    "hu": (
        "aug augusztus dec december feb február jan január júl július jún június máj május márc március "
        "nov november okt október szept szeptember ápr április"
    ),
    "tr": "aralık ağustos ekim eylül haziran kasım mart mayıs nisan ocak temmuz şubat",
    "hr": (
        "kolovoz kolovoza lipanj lipnja listopad listopada ožujak ožujka prosinac prosinca rujan rujna "
        "siječanj siječnja srpanj srpnja studeni studenoga svibanj svibnja travanj travnja veljača "
        "veljače"
    ),
}
"""Names of months that follow an ordinal with a dot, where a language has such ordinals."""

MONTHS_WITH_DOT = {
    "de": "jan feb apr aug sep sept okt nov dez",
    "fr": "janv févr avr juil sept oct nov déc",
    "pt": "jan fev mar abr mai jun jul ago set out nov dez",
    "ru": "янв февр мар апр июн июл авг сент окт нояб дек",
    "uk": "січ лют бер квіт трав черв лип серп вер жовт лист груд",
    "sv": "jan feb apr aug sep okt nov dec",
    "da": "jan feb mar apr jun jul aug sep okt nov dec",
    "nb": "jan feb apr aug sep okt nov des",
    "hu": "jan feb márc ápr máj jún júl aug szept okt nov dec",
    "ro": "ian feb mar apr iun iul aug sept oct nov dec",
}
"""Names of months that are shortened with a dot: before a number or after one the sentence goes on."""

ORDINAL_LANGUAGES = "bs cs da de et fi hr hu is lv nb pl sk sl sr tr"
"""Languages in which a number with a dot is an ordinal."""

ORDINAL_BEFORE = {
    "de": (
        "am der die das dem den des vom zum zur im bis ab seit beim jeder jede jedes jeden jedem ein eine "
        "einen einem ihr ihre sein seine mein meine unser unsere und oder ins vor nach"
    ),
    "da": "den d det",
    "nb": "den det",
    "cs": "dne od do",
    "sk": "dňa od do",
    "pl": "dnia od do",
}
ORDINAL_AFTER = {
    "de": (
        "stock stockwerk etage obergeschoss geburtstag klasse platz jahrhundert mal tag woche monat "
        "stunde minute kapitel advent weltkrieg runde spieltag liga bundesliga staffel folge teil quartal "
        "stufe rang schritt"
    ),
    "tr": "kat cadde sokak lig sınıf dünya bölüm gün ay",
    "nb": "verdenskrig",
    "da": "verdenskrig",
    "cs": "světová",
    "hu": "kerület",
}

STARTERS = (
    "this that these those they please turn set good also however danach dann dort möchtest puis ensuite "
    "luego  después poi dopo daarna потом потім potem potom sedan derefter deretter sitten aztán apoi "
    "sonra пожалуйста будь пожалуйста"
)
"""Words that often begin sentences, beside the common words of each language."""

WORDS_ELSEWHERE = (
    "ex es me d c v al os im on ok am max min est temp str mind gem por t p m s r w g gr co gen pl mm av "
    "lt fr  art sol no so do di mar sat sun mon man ons to la su ke as int com loc est all ing med mag id "
    "em u b ent et  int haz md ko ao alk br bul sk h x q tt ges bes art son sc ap sun may jun set out ago"
)
"""Abbreviations of one language that are words of another: left out where the language is not known."""
