"""Texts with a bar where a sentence ends, by language."""

from wyoming_azure_realtime.text.pieces import SHORT_SENTENCE
from wyoming_azure_realtime.text.sentences import weight

# ruff: noqa: RUF001 - many scripts

CASES = {
    "en": """
The kitchen light is on. |The bedroom light is off.
Dr. Miller called this morning. |He will call again at noon.
I asked Mr. and Mrs. Smith about it. |They were not at home.
It is 3.5 degrees outside today. |Take a warm jacket.
The alarm is set for 7:30 a.m. tomorrow. |Sleep well tonight.
The alarm is set for 7:30 a.m. |Sleep well tonight, please.
The meeting begins at 5 p.m. |Shall I remind you again?
Use a lamp, e.g. the one in the hall. |It is bright enough.
That is, i.e. Monday, the day after. |Nothing is planned then.
There are approx. 20 lights in the house. |All of them are off.
Please see No. 5 on the list of songs. |It plays very well.
Did you say no. |No. |I said that you should go.
Go to https://www.example.com/a.b?c=1.5 now. |It explains everything.
Write to john.doe@example.com about it. |He answers quickly.
Version 2.14.1 is installed already. |An update is not available.
Well... I thought it was off anyway. |Let me check that again.
Wait... what did you say just now? |I did not hear it.
J. R. R. Tolkien wrote The Hobbit. |It was published in 1937.
The book is by J. K. Rowling herself. |Everyone knows it well.
Is the front door locked now? |Yes, it has been locked since ten.
The door is open! |Please close it before you leave.
She said "It is raining outside." |Then she left the house.
"Is it raining outside?" she asked him. |He said that it was.
The temperature is 21 °C. |The humidity is 40 percent.
The battery is at 5 V. |It should be replaced very soon.
The house number is 12. |The street is called Main Street.
He lives in St. Louis with his family. |They moved there last year.
The U.S. Army has its own radio station. |It plays on channel four.
They live in the U.S. |The children go to school there.
Apple Inc. Chairman Jane Roe resigned. |The shares fell by 3.2 percent.
It costs $3.50 in that shop. |You can also order it online.
Prof. Jones and Sgt. Pepper are here. |They wait in the living room.
(This one is in brackets.) |This sentence is not at all.
The list has lamps, fans, etc. |Everything else is turned off.
Lamps, fans, etc. are turned off now. |The heating is still on.
The year was 1999. |The month was not December at all.
So do I. |Then we agree about the music now.
Vol. 3 has the answer on p. 12 I think. |You may look there.
Ask me again on Jan. 5 at the latest. |I will know more by then.
The score is 3 to 1. |The match will end in five minutes.
Is it on?! |I thought that it had been off all day.
It is five o'clock. |5 lights are still on in the house.
The file is called config.yaml and it is long. |Open it with care.
You have three timers. |One of them ends in ten minutes.
One. |Two. |Three. |Four. |And here we go again, my friend.
The word "etc." has three letters in it. |I counted them twice.
The B.B.C. is a radio station in London. |It was founded in 1922.
Turn left onto Elm St. and go straight on. |The shop is there.
He finished vs. Smith in the last round. |It was a draw.
Add a cup of milk (approx. 200 ml) to it. |Then stir slowly.
Section 4.2.1 explains that in detail. |Read it carefully first.
The node 192.168.1.20 does not answer. |Check its power supply.
Hello World! |How can I help you with your home today?
The sun. |The moon. |The stars and all of the planets.
Do it in this order: 1. Open the front door. |Then wait for me.
The shop is open from 9 a.m. 5 days of every week. |It is closed today.
""",
    "de": """
Das Licht in der Küche ist an. |Die Heizung ist aus.
Dr. Müller hat heute angerufen. |Er meldet sich wieder.
Es sind 3,5 Grad draußen. |Zieh dich bitte warm an.
Der Wecker klingelt um 7.30 Uhr. |Schlaf gut bis dahin.
Nimm z. B. Lampen aus dem Flur. |Die sind hell genug.
Nimm z.B. Lampen aus dem Flur. |Die sind hell genug.
Das heißt d. h. Montag oder Dienstag. |Mehr weiß ich nicht.
Am 5. Mai habe ich Geburtstag. |Das ist ein Sonntag.
Am 12.05.2026 ist die Prüfung. |Bis dahin ist noch Zeit.
Heute ist der 3. Oktober in Berlin. |Alle Läden sind zu.
Im 2. Stock brennt noch Licht. |Soll ich es ausmachen?
Das war der 2. Weltkrieg in Europa. |Er endete 1945.
Es gibt Lampen, Lüfter usw. |Alle sind ausgeschaltet worden.
Lampen, Lüfter usw. sind aus. |Nur die Heizung ist noch an.
Das dauert ca. 20 Minuten lang. |Ich sage dir Bescheid.
Siehe Nr. 5 auf der Liste hier. |Das ist das beste Lied.
Ist die Haustür abgeschlossen? |Ja, seit zehn Uhr schon.
Er sagte: „Es regnet draußen.“ |Dann ging er wieder weg.
Frau Prof. Schmidt ist im Haus. |Sie wartet im Büro.
Die Temperatur beträgt 21 °C. |Die Feuchte liegt bei 40 %.
Hauptstr. 5 ist die Adresse von ihm. |Dort wohnt er gern.
Die Antwort lautet bestimmt 42. |Danach fragt nie jemand.
Öffne die Seite www.beispiel.de/a.b bald. |Dort steht alles.
Achtung! |Die Waschmaschine in der Küche ist fertig.
Die Datei heißt config.yaml und ist lang. |Öffne sie vorsichtig.
Es ist inkl. Versand günstiger als dort. |Soll ich bestellen?
Wir treffen uns bzgl. des Plans um 5. |Komm bitte pünktlich.
Herr J. S. Bach war ein Musiker. |Er lebte in Leipzig.
Das Gerät kostet 1.299,00 Euro heute. |Das ist zu viel Geld.
Du hast u. a. Milch auf der Liste. |Brot fehlt allerdings.
""",
    "fr": """
La lumière de la cuisine est allumée. |Le chauffage est éteint.
M. Dupont a appelé ce matin. |Il rappellera plus tard.
Mme. Curie est une scientifique. |Elle a vécu à Paris.
Il fait 3,5 degrés dehors. |Mettez un manteau chaud.
Le réveil sonne à 7:30 demain. |Dormez bien cette nuit.
Est-ce que la porte est fermée ? |Oui, depuis dix heures.
Attention ! |La machine à laver est terminée depuis peu.
Il a dit : « Il pleut dehors. » |Puis il est parti.
Des lampes, des ventilateurs, etc. |Tout est éteint ici.
Voir p. ex. la lampe du couloir. |Elle est assez forte.
C'est au n° 5 de la rue. |La maison est rouge et grande.
Le Dr. Martin vous attend ici. |Il a peu de temps.
Victor Hugo est né en 1802. |Il est mort à Paris.
Allez sur https://www.exemple.fr/a.b.html vite. |Tout y est.
""",
    "es": """
La luz de la cocina está encendida. |La calefacción no.
El Sr. García llamó esta mañana. |Llamará otra vez luego.
¿Está cerrada la puerta? |¡Sí, desde las diez en punto!
Hace 3,5 grados ahí fuera hoy. |Ponte un abrigo grueso.
La alarma suena a las 7:30 a. m. mañana. |Duerme muy bien.
Hay lámparas, ventiladores, etc. |Todo está apagado ya.
La Dra. López espera en casa. |Tiene muy poco tiempo.
Usa p. ej. la lámpara del pasillo. |Es bastante fuerte.
Ud. tiene tres temporizadores. |Uno acaba en un minuto.
La temperatura es de 21 °C. |La humedad es del 40 %.
¡Cuidado con la puerta! |¿Quieres que la cierre ahora?
Son aprox. 20 minutos de espera. |Te aviso enseguida.
Vive en los EE. UU. desde enero. |Le gusta mucho aquello.
""",
    "it": """
La luce della cucina è accesa. |Il riscaldamento è spento.
Il sig. Rossi ha chiamato oggi. |Richiamerà più tardi.
Il dott. Bianchi ti aspetta qui. |Ha poco tempo libero.
Ci sono 3,5 gradi fuori casa. |Mettiti il cappotto.
La porta è chiusa adesso? |Sì, dalle dieci di stamattina.
Lampade, ventilatori, ecc. |Adesso tutto quanto è spento.
Attenzione! |La lavatrice in cucina ha finito adesso.
Vedi p. es. la lampada del corridoio. |È abbastanza forte.
La sveglia suona alle 7:30 domani. |Dormi bene stanotte.
Abita al n. 5 di via Roma da anni. |La casa è rossa.
La temperatura è di 21 °C. |L'umidità è del 40 per cento.
Perché... non lo so proprio. |Chiedi a qualcun altro.
""",
    "nl": """
Het licht in de keuken is aan. |De verwarming is uit.
Dhr. Jansen heeft vanmorgen gebeld. |Hij belt later terug.
Het is 3,5 graden buiten. |Doe een warme jas aan.
Gebruik bijv. de lamp in de gang. |Die is fel genoeg.
Is de voordeur op slot gedaan? |Ja, al sinds tien uur.
Er zijn lampen, ventilatoren enz. |Alles is uitgeschakeld.
Mevr. De Vries wacht in de kamer. |Ze heeft weinig tijd.
De wekker gaat om 7.30 uur af. |Slaap lekker vannacht.
Het duurt ca. 20 minuten lang. |Ik laat het je weten.
Zie nr. 5 op de lijst hier. |Dat is het beste liedje.
Pas op! |De wasmachine in de keuken is nu klaar.
De temperatuur is 21 °C. |De vochtigheid is 40 procent.
""",
    "pl": """
Światło w kuchni jest włączone. |Ogrzewanie jest wyłączone.
Dr Nowak dzwonił dziś rano. |Zadzwoni jeszcze raz później.
Na dworze jest 3,5 stopnia. |Załóż ciepłą kurtkę.
Użyj np. Lampy w korytarzu. |Jest wystarczająco jasna.
Czy drzwi są zamknięte? |Tak, od godziny dziesiątej.
Są lampy, wentylatory itd. |Wszystko jest już wyłączone.
Mieszka przy ul. Długiej w Krakowie. |To bardzo ładna ulica.
Dnia 5. Maja mam urodziny. |To będzie niedziela.
Uwaga! |Pralka w kuchni właśnie skończyła pranie.
Prof. Kowalska czeka w domu. |Ma mało czasu dzisiaj.
Temperatura wynosi 21 °C. |Wilgotność wynosi 40 procent.
Budzik zadzwoni o 7:30 jutro. |Śpij dobrze tej nocy.
""",
    "ru": """
Свет на кухне включён. |Отопление в доме выключено.
Г-н Иванов звонил утром. |Он перезвонит немного позже.
На улице 3,5 градуса. |Наденьте тёплую куртку.
Дверь закрыта на замок? |Да, с десяти часов утра.
Есть лампы, вентиляторы и т. д. |Всё уже выключено.
Он живёт на ул. Ленина в Москве. |Это красивая улица.
Внимание! |Стиральная машина на кухне закончила работу.
А. С. Пушкин написал эту сказку. |Её знают все дети.
Это займёт ок. 20 минут времени. |Я сообщу вам позже.
Температура равна 21 °C. |Влажность сорок процентов.
Будильник на 7:30 утра. |Спокойной ночи вам сегодня.
Он родился в 1799 г. в Москве. |Это было очень давно.
""",
    "zh": """
厨房的灯已经打开了。|卧室的灯还没有打开。
今天外面的温度是3.5度。|请多穿一点衣服吧。
前门现在锁好了吗？|是的，十点就锁好了。
请小心一点走路！|厨房里的地板现在很滑。
她说：“外面正在下雨。”|然后她就离开了。
闹钟设定在早上7:30。|祝您今晚睡个好觉。
湿度是百分之四十。|温度是二十一摄氏度。
我觉得……可能不太好。|我们再等一会儿吧。
请看 www.example.com 的说明。|那里什么都有的。
真的是这样吗？！|我完全没有想到呢。
""",
    "ja": """
キッチンの照明がつきました。|寝室の照明は消えています。
外の気温は3.5度です。|暖かい服を着てください。
玄関の鍵は閉まっていますか？|はい、十時からです。
気をつけてください！|床がとても滑りやすいです。
彼は「雨が降っている。」と言いました。|そして出かけました。
「雨が降っています。」|彼女はそう言ったのです。
目覚ましは7:30に設定しました。|おやすみなさいませ。
湿度は四十パーセントです。|温度は二十一度です。
そうですね……どうでしょうか。|もう一度確認します。
""",
    "hi": """
रसोई की बत्ती जल रही है। |बेडरूम की बत्ती बंद है।
बाहर का तापमान 3.5 डिग्री है। |गर्म कपड़े पहनिए।
क्या दरवाज़ा बंद है? |हाँ, दस बजे से बंद है।
डॉ. शर्मा ने आज फ़ोन किया। |वे फिर फ़ोन करेंगे।
सावधान रहिए! |रसोई का फ़र्श बहुत गीला है।
अलार्म 7:30 बजे का है। |शुभ रात्रि और अच्छे सपने।
नमी चालीस प्रतिशत है।|तापमान इक्कीस डिग्री है।
""",
    "ar": """
ضوء المطبخ مضاء الآن. |ضوء غرفة النوم مطفأ.
هل الباب الأمامي مغلق؟ |نعم، منذ الساعة العاشرة.
درجة الحرارة 3.5 في الخارج. |ارتدِ ملابس دافئة.
د. أحمد اتصل هذا الصباح. |سيتصل مرة أخرى لاحقا.
انتبه من فضلك الآن! |أرضية المطبخ زلقة جدا.
المنبه مضبوط على 7:30. |تصبح على خير يا صديقي.
الرطوبة أربعون بالمئة. |الحرارة إحدى وعشرون درجة.
""",
}


def cases() -> list[tuple[str, str, list[str]]]:
    """Language, text, and the sentences it has, short ones together with the next."""
    return [
        (language, case.replace("|", ""), joined(case.split("|")))
        for language, lines in CASES.items()
        for case in lines.strip().splitlines()
    ]


def joined(sentences: list[str]) -> list[str]:
    """Sentences as they are spoken: a short one together with the next."""
    spoken = [""]
    for sentence in sentences:
        if spoken[-1] and weight(spoken[-1].strip()) >= SHORT_SENTENCE:
            spoken.append("")
        spoken[-1] += sentence
    return [sentence.strip() for sentence in spoken]
