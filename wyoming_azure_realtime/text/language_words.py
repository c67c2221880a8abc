"""Common words by language, for `language`: those that sentences are made of, then those said about a home.

Written for this project, each list in about the order in which its words are frequent. A word may be in
several lists. Arabic, Chinese, Greek, Hebrew, Hindi, Japanese and Korean are told by their script alone.
"""

# ruff: noqa: RUF001 - many scripts
# fmt: off
COMMON = {
    "en": """
the of and to a in is it you that he was for on are with as his they at be this have from or one had by but
not what all were we when your can said there an each which she do how their if will up other about out many
then them these so some her would make like him into has more no could my than been who its now did get may
i i'm it's don't here there's isn't you're i've won't doesn't let's yes okay sorry please thanks good
morning evening night today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday
light lights turned turn off set minutes minute seconds hours hour timer room kitchen bedroom living
bathroom door window open closed temperature degrees percent weather outside rain sunny cloudy playing music
volume stopped started currently any found called understand again still just should after next over until
between added removed list shopping cancelled canceled paused resumed device devices name named area floor
home away add start stop increase decrease pause resume unlock locked unlocked does exist support where play
brightness two three four five
""",
    "de": """
der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er
hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur
bis mehr durch man sein wurde sei ich du wir ihr mir dir mich dich uns kann kein keine wenn was wo hier da
dann jetzt heute morgen gestern ja nein bitte danke gerne leider gibt habe hast soll schon sehr gut alle
alles wieder beim seit ab dein deine mein meine ins uhr grad prozent minuten stunden sekunden licht lampe
eingeschaltet ausgeschaltet geöffnet geschlossen wohnzimmer küche schlafzimmer badezimmer tür fenster
temperatur wetter draußen heizung montag dienstag mittwoch donnerstag freitag samstag sonntag regen sonnig
eingestellt gestellt läuft fertig mach schalte stell konnte gefunden hinzugefügt entfernt liste
einkaufsliste abgebrochen pausiert fortgesetzt gerät geräte namens bereich etage zuhause hallo verlängert
verkürzt gestoppt gestartet ausgeführt mehrere weitere keinen keiner dieses diese dieser schließe öffne
lautstärke helligkeit zwei drei vier fünf
""",
    "fr": """
de la le et les des en un du une que est l' d' j' qu' n' s' c' m' t' lorsqu' allume éteins pour qui dans a
par plus pas au sur ne se ce il sont avec son aux d'un cette d'une ont ses mais comme on tout nous sa fait
été aussi leur bien peut ces y deux ou elle même l'on vous je tu j'ai c'est n'est est-ce ça me te si ma mon
mes votre vos oui non merci très bonjour ici où quand quoi alors encore sans être avoir fois maintenant
aujourd'hui demain hier heures heure minutes minute secondes degrés cent lumière lumières lampe allumé
allumée allumées éteint éteinte éteintes salon cuisine chambre salle bain porte fenêtre ouvert ouverte
fermée fermé température météo dehors pluie lundi mardi mercredi jeudi vendredi samedi dimanche minuteur
soleil désolé compris actuellement depuis jusqu'à rien aucun aucune pouvez peux voici réglé réglée ajouté
supprimé liste annulé annulée appareil appareils appelé appelée zone étage maison absent ajoute arrête ouvre
ferme augmente baisse mets quelle quel combien minuterie plusieurs existe trois quatre cinq
""",
    "es": """
de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin
sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque
qué sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora cada e
vida otro después te otros aunque esa eso hace otra gobierno tan durante siempre día tanto ella sí gracias
favor hola estoy están estás tu tus usted hoy mañana ayer horas hora minutos minuto segundos grados luz
luces encendida encendido encendidas apagada apagado apagadas salón cocina dormitorio baño puerta ventana
abierta abierto cerrada cerrado temperatura ciento fuera lluvia lunes martes miércoles jueves viernes sábado
domingo temporizador sol siento he entendido ningún ninguna encontrado actualmente calle señor señora
añadido eliminado lista cancelado pausado dispositivo dispositivos llamado llamada área planta casa añade
pon apaga enciende abre cierra sube baja cuál cuánto cuántos varios existe volumen definida iniciado tres
cuatro cinco
""",
    "it": """
di e il la che in a un per è una sono l' d' un' dell' all' nell' sull' dall' c' quest' del non con si le i
da della al dei nel come alla più ha lo anche o ma gli ho se delle ed su ci questo mi essere dal questa suo
c'è hanno io tu due era stato fatto tutto cosa chi quando dove dell nella nelle sulla sul degli dalla alle
ai molto bene ora solo perché fino sei siamo mio tuo tua mia sua loro lei lui noi voi sì no grazie prego
ciao adesso oggi domani ieri dopo prima ancora già ogni quello quella ore minuti minuto secondi gradi luce
luci accesa acceso accese spenta spento spente soggiorno cucina camera bagno porta finestra aperta aperto
chiusa chiuso temperatura tempo fuori pioggia lunedì martedì mercoledì giovedì venerdì sabato domenica timer
sole dispiace capito cento attualmente nessun nessuna trovato signor signora via un'altra dell'acqua l'ho
aggiunto rimosso lista annullato sospeso dispositivo dispositivi chiamato area piano casa aggiungi accendi
spegni apri chiudi alza abbassa imposta metti quale quanto quanti diversi esiste volume avviato tre quattro
cinque
""",
    "nl": """
de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij nog uit of door naar
heeft hij ik die was je over wordt kan geen tot worden ze deze zo meer veel hebben wat al u we dit mijn jouw
zich had werd kunnen moet onder waar hier daar nu na wel goed zou zal mij uw hun haar ons onze alle alles
heb bent ben ja nee dank graag sorry alsjeblieft vandaag morgen gisteren uur minuten minuut seconden graden
licht lichten lamp lampen aangezet uitgezet woonkamer keuken slaapkamer badkamer deur raam open dicht
gesloten temperatuur weer buiten regen verwarming maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
ingesteld gezet gestart procent sinds straat mevrouw meneer begrijp gevonden momenteel zet staat wekker gaat
vanaf tussen toegevoegd verwijderd lijst geannuleerd gepauzeerd hervat apparaat apparaten genaamd gebied
verdieping thuis voeg schakel sluit verhoog verlaag welke hoeveel meerdere bestaat timers volume verlengd
ingekort twee drie vier vijf vanuit hallo
""",
    "pl": """
w i na się z do nie to że jest o jak za po od co dla są ale przez przy czy tak tego już ma tylko być może
jego jej ich ten ta te tym pod lub był była było bez także które który która oraz roku gdy jeszcze bardzo
mnie mi ci cię sobie swoje wszystko teraz gdzie tu tam kiedy bo więc ja ty on ona my wy oni nic dzień dobrze
proszę dziękuję przepraszam mam masz mogę możesz dziś dzisiaj jutro wczoraj godzina godziny godzinie minut
minuty minutę sekund stopni światło światła lampa lampy włączone włączona włączono wyłączone wyłączona
wyłączono salon salonie kuchnia kuchni sypialni łazience drzwi okno otwarte zamknięte temperatura wynosi
pogoda deszcz poniedziałek wtorek środa czwartek piątek sobota niedziela minutnik ustawiony procent pokój
pokoju ulica pan pani znaleziono rozumiem włączam wyłączam obecnie żadnego ze dodano usunięto lista listy
anulowano wstrzymano urządzenie urządzenia urządzeń nazwie obszar obszarze piętro piętrze domu włącz wyłącz
otwórz zamknij zwiększ zmniejsz ustaw ile kilka istnieje głośność dwa trzy cztery pięć poza
""",
    "pt": """
de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu
sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos
ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas
havia seja qual será nós tenho lhe deles essas esses pelas este fosse dele tu te vocês vos lhes meus minhas
teu tua sim obrigado obrigada olá bom boa favor desculpe agora hoje amanhã ontem horas hora minutos minuto
segundos graus luz luzes ligada ligado ligadas ligados desligada desligado acesa apagada sala cozinha quarto
banheiro porta janela aberta aberto fechada fechado temperatura tempo fora chuva segunda terça quarta quinta
sexta sábado domingo temporizador cento lâmpada nenhum nenhuma encontrado rua senhor senhora atualmente casa
estar adicionado removido lista cancelado pausado dispositivo dispositivos chamado chamada área andar
adicione ligue ligar desligue desligar abra abrir feche fechar aumente diminua defina quanto quantos vários
existe volume definida iniciado dois três quatro cinco
""",
    "cs": """
a se v na je že to s z do o i ve jsem si za by jak k ale po jako pro jsou od tak nebo který jeho byl co být
jen při u už aby které má podle až bylo když ještě byla více může jejich která než také není tím před roku
mezi ze pod své tento jste bude můžete budou přes mě mi ti vás vám mám máte kde kdy kdo zde tady teď dnes
zítra včera ano ne prosím děkuji dobře omlouvám hodin hodiny hodina minut minuty minutu sekund stupňů světlo
světla lampa zapnuto zapnuté zapnuty vypnuto vypnuté vypnuty zapnul vypnul obývací obývacím pokoj pokoji
kuchyň kuchyni ložnice ložnici koupelně dveře okno otevřené zavřené teplota počasí venku déšť pondělí úterý
středa čtvrtek pátek sobota neděle časovač nastaven procent ulice pan paní nerozumím rozsvíceno zhasnuto
nenašel žádné všechna všechny světel hlasitost přidáno odebráno seznam seznamu zrušen zrušeno zrušeny
pozastaven zařízení názvem oblast oblasti patro patře doma mimo domov zapni vypni otevři zavři zvyš sniž
nastav kolik existuje promiňte časovače časovačů zkrácen prodloužen dva dvě tři čtyři pět
""",
    "sk": """
a sa v na je že to s z do o aj vo som si za by ako k ale po pre sú od tak alebo ktorý jeho bol čo byť len
pri u už aby ktoré má podľa až bolo keď ešte bola viac môže ich ktorá než tiež nie tým pred roku medzi zo
pod svoje tento ste bude môžete budú cez mi ti vás vám mám máte kde kedy kto tu teraz dnes zajtra včera áno
prosím ďakujem dobre hodín hodiny hodina minút minúty minútu sekúnd stupňov svetlo svetlá lampa zapnuté
vypnuté zapnutý vypnutý obývacej izba izbe obývačke obývačka kuchyňa kuchyni spálňa spálni kúpeľni dvere
okno otvorené zatvorené teplota počasie vonku dážď pondelok utorok streda štvrtok piatok sobota nedeľa
časovač nastavený percent ulica pán pani nerozumiem všetky žiadne pridané odobraté zoznam zoznamu zrušený
zrušené pozastavený zariadenie zariadenia názvom oblasť oblasti poschodie poschodí doma preč zapni vypni
otvor zatvor zvýš zníž nastav koľko existuje hlasitosť prepáč prepáčte časovače časovačov skrátený predĺžený
dva dve tri štyri päť
""",
    "sv": """
och i att det som en på är av för med den till har inte om ett de men var jag sig från vi så kan när man han
under ska nu också eller du efter hade sin upp vid mot hur vad där mycket ut bara in alla andra mer än
skulle hon mig dig oss finns blir över då här nej ja tack inga ingen inget någon något min din mitt ditt
varsågod förlåt ledsen idag imorgon igår klockan timmar timme minuter minut sekunder grader ljus ljuset
lampa lampan lampor lamporna tänd tänt tända släckt släckta vardagsrummet köket sovrummet badrummet dörren
fönstret öppen öppet stängd stängt temperaturen temperatur vädret ute regn måndag tisdag onsdag torsdag
fredag lördag söndag timern procent sätter satt slog stängde startade hittade kunde förstod gatan aktuell
just tillagd borttagen lista listan avbruten avbröt pausad enhet enheter heter hette område våning hemma
borta lägg slå stäng öppna starta höj sänk ställ vilken vilka flera volymen förlängd förkortad startar två
tre fyra fem
""",
    "da": """
og i at det er en til af på for med den der de som et ikke har om var jeg men vi fra han kan så sig ved
efter havde hun skal nu eller du hvor hvad når også blev under op ind ud over mod været bliver kun alle
andre mere end ville mig dig os min din mit dit her ja nej tak ingen noget nogen meget godt venligst
undskyld dag morgen går klokken timer time minutter minut sekunder grader lys lyset lampe lampen lamper
tændt tændte slukket slukkede stuen køkkenet soveværelset badeværelset døren vinduet åben åbent lukket
temperaturen temperatur vejret ude udenfor regn mandag tirsdag onsdag torsdag fredag lørdag søndag timeren
procent sat stoppede kunne forstod fundet gaden hedder lige nogle hvordan hvornår dog mellem uden siden
tilføjet fjernet liste listen indkøbslisten annulleret afbrudt pause enhed enheder område zone etage hjemme
tilføj tænd sluk åbn luk øg sænk sæt hvilken hvilke flere findes lydstyrken nedtælling nedtællinger
nedtællingen desværre dine jeres sendes forlænget forkortet to tre fire fem otte
""",
    "nb": """
og i det er på til en som å for av at med de har den ikke et om var jeg men vi fra han kan så seg ved etter
hadde hun skal nå eller du hvor hva når også ble under opp inn ut over mot vært blir bare alle andre mer enn
ville meg deg oss min din mitt ditt her der ja nei takk ingen noe noen mye godt vennligst beklager dag
morgen går klokken timer time minutter minutt sekunder grader lys lyset lampe lampen lamper lampene slått
skrudd stuen stua kjøkkenet soverommet badet døren døra vinduet åpen åpent lukket temperaturen temperatur
været ute regn mandag tirsdag onsdag torsdag fredag lørdag søndag timeren prosent satt stoppet kunne forstod
forstår funnet gata gaten heter akkurat hvordan hvorfor mellom uten siden fikk gjøre tilføyd fjernet liste
listen handlelisten avbrutt avbrøt kansellerte pauset enhet enheter område sone etasje hjemme borte legg
skru slå åpne lukk øk senk sett hvilken hvilke flere finnes lydstyrken nedtelling nedtellinger nedtellingen
dessverre tidtaker tidtakere slo støtter nødvendige forlenget forkortet to tre fire fem åtte lagt
""",
    "fi": """
ja on ei se että hän oli ovat olla mutta kun myös tai niin kuin jos mitä nyt sen ole joka voi vain jo sitä
minä sinä me te he tämä tämän nämä mikä missä milloin miten kuka siitä siellä täällä tässä koska vielä hyvin
kaikki kanssa mukaan ennen jälkeen olen olet olemme en et emme eivät voit voin minun sinun sekä noin yli
asti kiitos kyllä anteeksi hyvä tänään huomenna eilen kello tuntia tunti minuuttia minuutti minuutin
sekuntia astetta valo valot valoa lamppu lamput päällä pois päältä sytytetty sammutettu olohuoneen
olohuoneessa olohuone keittiön keittiössä keittiö makuuhuoneen makuuhuoneessa kylpyhuoneen ovi ikkuna auki
kiinni suljettu lämpötila sää ulkona sade sataa maanantai tiistai keskiviikko torstai perjantai lauantai
sunnuntai ajastin asetettu prosenttia katu herra rouva löytynyt ymmärtänyt tällä hetkellä lisätty poistettu
lista listalle peruutettu pysäytetty jatkettu laite laitetta laitteita nimeltä alue alueella kerros
kerroksessa kotona poissa lisää sytytä sammuta avaa sulje laita aseta kuinka monta useita äänenvoimakkuus
hei pahoittelut löydy yhtään kaksi kolme neljä viisi ajastinta ajastimet
""",
    "hu": """
a az és hogy nem is egy van ez de volt csak meg már el még ha mint ki vagy lesz be kell azt ezt ami aki most
itt ott fel le én te ő mi ti ők neki nekem sem majd igen mert minden nincs jó nagyon után szerint között
lehet lett voltak vannak ezek azok olyan így úgy mikor hol mennyi milyen amely amikor alatt akkor köszönöm
kérem kérlek sajnálom rendben ma holnap tegnap óra órakor perc perces másodperc fok fény lámpa lámpát lámpák
felkapcsolva lekapcsolva bekapcsolva kikapcsolva felkapcsoltam lekapcsoltam nappali nappaliban konyha
konyhában konyhai hálószoba hálószobában fürdőszoba fürdőszobában ajtó ablak nyitva zárva hőmérséklet
időjárás kint eső hétfő kedd szerda csütörtök péntek szombat vasárnap időzítő beállítva százalék utca úr
találtam értettem jelenleg hozzáadva eltávolítva lista listához bevásárlólistához törölve szüneteltetve
eszköz eszközök nevű terület területen emelet emeleten otthon távol kapcsold nyisd zárd csukd növeld
csökkentsd állítsd melyik hány több létezik hangerő található parancs végrehajtva két három négy öt havi
""",
    "ro": """
de și în a la cu nu pe care o un că mai din este sunt se să pentru ce ca au fost prin sau fi dar după dacă
până când lui ei al ale cel cea cei fără foarte doar unde cum acest această acesta aceasta te mă îmi îți ți
mi-ai am ai are avem aveți eu tu el ea noi voi ele lor meu mea tău ta său sa nostru da mulțumesc rog bine
scuze astăzi azi mâine ieri acum aici ora ore minute minut secunde grade lumina lumini luminile lampa aprins
aprinsă aprinse stins stinsă stinse pornit pornită oprit oprită sufragerie sufrageriei living bucătărie
bucătăriei dormitor dormitorului baie ușa fereastra deschisă deschis închisă închis temperatura vremea afară
ploaie luni marți miercuri joi vineri sâmbătă duminică temporizator cronometru setat sută strada domnul
doamna găsit înțeles momentan niciun nicio toate adăugat eliminat lista anulat anulate pauză dispozitiv
dispozitive numit numele zona etaj etajul acasă plecat adaugă aprinde stinge deschide închide crește scade
setează câte câți multe există volumul pare rău două trei patru cinci
""",
    "tr": """
ve bir bu da de için ile çok olarak daha olan gibi en var ne ama kadar o sonra değil mi mı mu mü her ki ya
ben sen biz siz onlar şey şu olduğu oldu yok iyi bana sana ona bunu şimdi nasıl nerede zaman evet hayır
lütfen teşekkürler üzgünüm tamam üzere göre önce ise veya hiç bütün tüm yeni olur olacak ediyor yapıyor
bugün yarın dün saat saatlik dakika dakikalık saniye derece ışık ışığı ışıklar ışıkları lamba açık kapalı
açıldı kapatıldı açtım kapattım salon salonun salondaki oturma odası odasının mutfak mutfağın yatak banyo
kapı pencere sıcaklık sıcaklığı hava dışarıda yağmur pazartesi salı çarşamba perşembe cuma cumartesi pazar
zamanlayıcı ayarlandı yüzde sokak bay bayan bulunamadı anlamadım anda başlatıldı eklendi kaldırıldı liste
listesi listesine iptal edildi duraklatıldı cihaz cihazı cihazlar adlı adında alan alanında kat katta
katında evde aç kapat ekle ayarla artır azalt hangi kaç birden fazla ses zamanlayıcıyı iki üç dört beş
""",
    "vi": """
và của là có trong được cho không một các với người những đã này để khi tôi ở đến về ra từ cũng vào như
nhưng thì lại năm sẽ đó nhiều bạn theo sau còn nếu hơn rất tại trên đang làm phải mà bị vì anh em chị ông bà
gì đâu nào sao hay rồi chỉ mình xin cảm ơn chào vâng dạ hôm nay ngày mai qua bây giờ lúc phút giây độ đèn
bật tắt phòng khách bếp ngủ tắm cửa sổ mở đóng nhiệt thời tiết ngoài trời mưa thứ hai ba tư sáu bảy chủ nhật
hẹn đặt phần trăm đường hiểu thấy tìm hiện đều tất cả âm lượng nhà thêm xóa danh sách hủy tạm dừng thiết tên
khu vực tầng vắng tăng giảm nhiêu mấy bốn kích hoạt tiếp tục
""",
    "ru": """
и в не на что я с он как это по но они мы все она так его только бы из у за от то же для о к до вы вот ещё
быть был была было были или если есть нет уже ты мне меня вам вас её их чем когда где там здесь тут сейчас
теперь очень после через можно надо может при без под над который которые также да спасибо пожалуйста
извините хорошо сегодня завтра вчера час часа часов минут минуты минуту секунд градусов градуса свет лампа
включён включен включена включил включила выключен выключена выключил выключила гостиной гостиная кухне
кухня спальне спальня ванной дверь окно открыта открыто закрыта закрыто температура погода дождь улице
понедельник вторник среда четверг пятница суббота воскресенье таймер установлен процентов улица господин
найдено понимаю понял ничего сколько добавлено удалено список списка отменён отменен отменено приостановлен
устройство устройства устройств названием зона зоне этаж этаже дома включи выключи открой закрой увеличь
уменьши установи какой какая несколько существует громкость доступ выполнено два две три четыре пять
""",
    "uk": """
і в не на що я з він як це по але вони ми всі вона так його тільки б із у за від то ж для о до ви ось ще
бути був була було були або якщо є немає вже ти мені мене вам вас її їх ніж коли де там тут зараз тепер дуже
після через можна треба може при без під над який які також та й про щоб дякую ласка вибачте добре сьогодні
завтра вчора година години годин хвилин хвилини хвилину секунд градусів світло лампа увімкнено увімкнув
ввімкнено вимкнено вимкнув вітальні вітальня кухні кухня спальні спальня ванній двері вікно відчинені
відчинено зачинені зачинено температура погода дощ надворі понеділок вівторок середа четвер п'ятниця субота
неділя таймер встановлено відсотків вулиця пан знайдено розумію зрозумів нічого скільки додано видалено
список списку скасовано призупинено таймера таймери пристрій пристрою пристроїв назвою зона зоні поверх
поверсі вдома увімкни вимкни відкрий закрий збільш зменш встанови яка кілька існує гучність жодного жодної
доступу виконано два дві три чотири приміщенні відомо
""",
}

SIMPLIFIED_ONLY = frozenset(
    "这们说时会过还开关门对没为来东车见话请设间电视书爱听学实现发进将经动问题应该给让吗呢您他她它你我们打已闭灯厅卧厨"
    "吧啊的了着是在不个谁啥哪怎么样云转气阴级风预报钟层单张页费线购买货卖价钱块银际选择检认连网络错误败删减运态启频"
    "队红绿蓝颜无乐节调续确环讯词语谢难欢导亚湿热锁缩"
)
"""Letters that are in Chinese and not in Japanese, or much rarer there."""

JAPANESE_ONLY = frozenset(
    "気円駅図働込売読変発対応実楽検権験様両単労団関閉広庫戻拡択払温仮価児処剰圏圧囲々沢浜"
)
"""Letters that are in Japanese and not in Chinese."""
# fmt: on
