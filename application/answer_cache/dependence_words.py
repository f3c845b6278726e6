"""The words by which a question tells that its answer hangs on who asks, or on when: by language, as they are written.

A line is one language's: entries by commas. An entry is a word, several words in a row, the beginning of a word
(`aktuell*`), or, with `$` behind it, what a sentence ends with. Case and accents do not count.
"""

from __future__ import annotations

WHO = (
    # English; `i` and others that mean something else elsewhere are in DOUBTFUL
    "me, my, mine, myself, ive, im not, whoami, who is asking, who s asking, who am, which user, "
    "user asking, signed in user, logged in user, our team, our department, our manager, our boss, our shift, "
    "our group, our unit, leave balance, vacation balance, holiday balance, account balance, pto balance",
    # German
    "ich, mir, mich, mein*, meiner, habe, bin, werde ich, wer fragt, unser team, unsere abteilung, "
    "unserer abteilung, "
    "unsere schicht, unserem team, unser chef, kontostand, resturlaub*, urlaubskonto, gleitzeitkonto",
    # French
    "j', m', moi, me, mon, mien, mienne, miens, miennes, suis, puis je, ai je, dois je, solde de conges, "
    "solde du compte, notre equipe",
    # Spanish
    "yo, me, mis, mio, mia, mios, mias, conmigo, soy, estoy, tengo, puedo, debo, necesito, quiero, saldo, "
    "nuestro equipo",
    # Italian
    "io, me, mio, mia, miei, mie, ho, posso, devo, voglio, vorrei, sto, chi sono, saldo ferie, spetta mi",
    # Portuguese
    "mim, me, meu, minha, meus, minhas, comigo, sou, estou, tenho, posso, devo, preciso, quero, saldo de ferias",
    # Dutch
    "ik, mij, mijn, mezelf, mijzelf, heb, ben ik, ons team",
    # Polish
    "jestem, mam, moge, musze, chce, moj, moja, mojego, mojej, moich, moim, moimi, moje, mna, mnie, mojemu, "
    "naszym zespole",
    # Czech, Slovak
    "jsem, som ja, mne, muj, moji, mych, mou, mam",
    # Turkish; its endings are read apart
    "ben, benim, bana, beni, bende, benden, kendim, ekibimiz*",
    # Russian, Ukrainian, Bulgarian
    "я, мне, меня, мною, мной, мой, моя, моё, мои, моего, моей, моих, моим, моими, моему, мою, себя, аз, моят, "
    "моята, "
    "мене, мені, мій, моє, моїх, моєї",
    # Swedish, Danish, Norwegian, Finnish
    "jag, jeg, eg, mig, meg, mina, mitt, mit navn, mine, mi navn, minä, minun, minulla, minulle, olen",
    # Romanian, Hungarian, Greek
    "mie, mea, mei, mele, meu, îmi, am eu, nekem, engem, vagyok, enyém, εγώ, μου, εμένα, είμαι, έχω",
    # Indonesian, Malay, Vietnamese, Tagalog, Swahili
    "saya, aku, gajiku, cutiku, gaji saya, tôi, mình, của em, ako, akin, ko ba, mimi, yangu, wangu, langu, zangu, nina",
    # Arabic, Hebrew, Persian, Urdu; Arabic's ending is read apart
    "أنا, انا, لي, عندي, لدي, معي, مني, نفسي, أنني, אני, שלי, לי, אותי, איתי, خودم, هستم, دارم, برایم, مرا, "
    "ہوں, میرا, میری, میرے, مجھے, مجھ",
    # Hindi, Bengali, Marathi, Punjabi, Tamil, Telugu
    "मैं, मैंने, मेरा, मेरी, मेरे, मुझे, मुझको, मुझसे, मुझ, हूँ, हूं, আমি, আমার, আমাকে, আমায়, माझा, माझी, "
    "माझे, माझ्या, मला, मी, ਮੈਂ, ਮੇਰਾ, "
    "ਮੇਰੀ, ਮੇਰੇ, ਮੈਨੂੰ, நான், என், எனது, எனக்கு, என்னுடைய, నేను, నా, నాకు",
    # Korean
    "나, 나는, 난, 내가, 내, 나의, 나를, 나에게, 내게, 저, 저는, 전, 제가, 제, 저의, 저를, 저에게, 제게, 본인, 본인의",
)
"""That an answer hangs on who asks: the first person singular, what is one's own, accounts that everybody has."""

WHO_WITHIN = "私 わたし わたくし 僕 ぼくの ぼくは 俺 自分 小生 我 本人 俺 ผม ฉัน ดิฉัน ของหนู"
"""The same where words are not set apart: anywhere in the text."""
US_WITHIN = "我们 我們 我国 我國 我司"
"""These are no first person singular."""

MOMENT = (
    # English
    "now, today, todays, tonight, tomorrow, tomorrows, yesterday, yesterdays, currently, current, presently, "
    "nowadays, "
    "at present, at the moment, right now, these days, recent, recently, lately, latest, newest, upcoming, "
    "ongoing, "
    "ago, still, yet, already, so far, as of, left, remaining, remain, remains, outstanding, pending, until when, "
    "how long until, days until, weeks until, months until, days till, time is it, day is it, date is it, "
    "month is it, "
    "year is it, week is it, day of the week, is the time$, s the time$, whats the time, is the date$, "
    "s the date$, "
    "whats the date, how old, status of, weather, forecast, exchange rate, stock price, on duty, on call now, "
    "in office, next, monday, tuesday, wednesday, thursday, friday, saturday, sunday, this time",
    # German
    "jetzt, heute, heutig*, morgen, morgig*, übermorgen, gestern, gestrig*, vorgestern, aktuell*, derzeit*, "
    "momentan*, "
    "gerade, gegenwärtig*, zurzeit, zur zeit, im moment, neuest*, neulich, kürzlich, bald, noch, bereits, schon, "
    "bisher, nächst*, kommend*, letzt*, vergangen*, vorig*, diese woche, dieser woche, diesen monat, diesem monat, "
    "dieses jahr, diesem jahr, dieses quartal, heuer, verbleib*, übrig*, uebrig*, wie spät, uhr ist es, "
    "welcher tag, "
    "welchen tag, welches datum, wievielte*, wochentag, in dieser sekunde, wetter, kurs von, montag, dienstag, "
    "mittwoch, donnerstag, freitag, samstag, sonnabend, sonntag, wochenende, vor kurzem, wie alt, status der, "
    "status des, status von, seit wann",
    # French
    "maintenant, aujourd', aujourdhui, demain, hier, actuel*, actuellement, présentement, en ce moment, ce soir, "
    "ce matin, cet après, cette semaine, ce mois, cette année, ce trimestre, ce week, prochain, prochaine, "
    "prochains, "
    "prochaines, dernier, dernière, derniers, dernières, passée, récent*, récemment, encore, déjà, bientôt, "
    "toujours, "
    "reste, restant*, restent, il y a, quelle heure est, heure est il, quel jour, quelle date sommes, "
    "est la date$, "
    "météo, lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche, à venir, en cours, quel âge",
    # Spanish
    "ahora, ahorita, hoy, mañana, ayer, anteayer, anoche, actual, actuales, actualmente, este momento, "
    "estos momentos, "
    "esta noche, esta tarde, esta semana, este mes, este año, este trimestre, próximo, próxima, próximos, "
    "próximas, "
    "último, última, últimos, últimas, pasado, pasada, que viene, reciente*, recientemente, todavía, aún, ya, "
    "pronto, "
    "queda, quedan, restante*, hace cuánto, faltan, falta para, qué hora es, hora es, qué día es, día es, "
    "fecha es, "
    "es la fecha$, qué fecha, clima de, tiempo hace, lunes, martes, miércoles, jueves, viernes, sábado, domingo, "
    "vigente*, cuántos años tiene",
    # Italian
    "adesso, ora, oggi, odierno, odierna, domani, dopodomani, ieri, stasera, stamattina, stanotte, attual*, "
    "attualmente, al momento, in questo momento, questa settimana, questo mese, quest', questo trimestre, "
    "prossimo, "
    "prossima, prossimi, prossime, ultimo, ultima, ultimi, ultime, scorso, scorsa, scorsi, recente, recenti, "
    "recentemente, ancora, già, presto, rimast*, rimangono, rimane, resta, restano, restant*, residu*, "
    "che ore sono, "
    "che giorno, quanti ne abbiamo, è la data$, data di oggi, meteo, lunedì, martedì, mercoledì, giovedì, venerdì, "
    "sabato, domenica, in corso, quanti anni ha",
    # Portuguese
    "agora, hoje, amanhã, ontem, anteontem, atual, atuais, atualmente, actual, actualmente, neste momento, "
    "no momento, "
    "esta noite, hoje à, esta semana, este mês, este ano, nesta semana, neste mês, neste ano, próximo, próxima, "
    "próximos, próximas, último, última, últimos, últimas, passado, passada, que vem, recente*, recentemente, "
    "ainda, "
    "já, em breve, resta, restam, restante*, sobram, sobra, faltam, falta para, que horas são, que dia, que data, "
    "é a data$, clima hoje, previsão, segunda feira, terça feira, quarta feira, quinta feira, sexta feira, sábado, "
    "domingo, em vigor, quantos anos tem",
    # Dutch
    "nu, vandaag, morgen, overmorgen, gisteren, eergisteren, vanavond, vanmorgen, vanmiddag, vannacht, huidig*, "
    "momenteel, actueel, actuele, op dit moment, tegenwoordig, thans, deze week, deze maand, dit jaar, "
    "dit kwartaal, "
    "volgende, komende, aanstaande, vorige, afgelopen, laatste, recent, recente, onlangs, nog, al, reeds, "
    "binnenkort, "
    "resterend*, hoe laat is, welke dag, welke datum, weer vandaag, maandag, dinsdag, woensdag, donderdag, "
    "vrijdag, "
    "zaterdag, zondag, hoe oud",
    # Polish
    "teraz, dziś, dzisiaj, dzisiejsz*, jutro, jutrzejsz*, pojutrze, wczoraj, wczorajsz*, obecnie, obecny, obecna, "
    "obecne, aktualn*, w tej chwili, ten tydzień, tym tygodniu, tym miesiącu, tym roku, następn*, najbliższ*, "
    "ostatni*, zeszły*, ubiegły*, niedawno, wkrótce, jeszcze, już, zostało, pozostał*, która godzina, "
    "jest godzina, "
    "jaki dzień, który dziś, jest data, pogoda, poniedziałek, wtorek, środę, środa, czwartek, piątek, sobotę, "
    "sobota, "
    "niedzielę, niedziela, ile lat ma",
    # Czech, Slovak
    "nyní, teď, teraz, dnes, dneska, zítra, zajtra, včera, aktuálně, aktuální, momentálně, tento týden, "
    "příští, minulý, "
    "ještě, zbývá, zostáva, kolik je hodin, pondělí, úterý, středu, čtvrtek, pátek, sobotu, neděli",
    # Turkish
    "şimdi, şu an, şu anda, bugün*, yarın*, dün*, dünkü, bu akşam, bu gece, bu sabah, bu hafta*, bu ay*, bu yıl*, "
    "bu sene, gelecek, önümüzdeki, geçen, son, güncel*, mevcut, halen, hala, hâlâ, henüz, artık, yakında, "
    "kalan, kaldı, "
    "kalıyor, saat kaç, günlerden, ayın kaçı, hangi gün, sıradaki, sonraki, hava nasıl, pazartesi, salı, çarşamba, "
    "perşembe, cuma, cumartesi, pazar günü, kaç yaşında",
    # Russian, Ukrainian
    "сейчас, теперь, сегодня, сегодняшн*, завтра, завтрашн*, послезавтра, вчера, вчерашн*, нынешн*, текущ*, "
    "актуальн*, "
    "на данный момент, в данный момент, на этой неделе, эту неделю, в этом месяце, в этом году, следующ*, "
    "ближайш*, "
    "последн*, прошл*, недавн*, скоро, ещё, уже, пока, остал*, остаётся, который час, сколько времени, "
    "какое число, "
    "какой день, погода, понедельник, вторник, среду, среда, четверг, пятницу, пятница, субботу, суббота, "
    "воскресенье, зараз, сьогодні, вчора, наступн*, поточн*, залишил*",
    # Swedish, Danish, Norwegian, Finnish
    "nu, nå, idag, i dag, imorgon, i morgon, imorgen, i morgen, igår, i går, ikväll, i aften, i kveld, "
    "just nu, lige nu, "
    "aktuell*, nuvarande, nuværende, nåværende, för närvarande, for tiden, denna vecka, denne uge, denne uken, "
    "i år, "
    "nästa, næste, neste, senaste, seneste, siste, förra, sidste, forrige, ännu, endnu, ennå, redan, allerede, "
    "kvar, "
    "tilbage, igjen, klockan är, klokken er, måndag, mandag, tisdag, tirsdag, onsdag, torsdag, fredag, lördag, "
    "lørdag, söndag, søndag, nyt, tänään, huomenna, eilen, tällä viikolla, ensi, viime, jäljellä, vielä",
    # Romanian, Hungarian, Greek
    "acum, astăzi, azi, mâine, ieri, în prezent, actual*, săptămâna asta, următor*, ultim*, încă, deja, "
    "rămas*, most, "
    "ma, holnap, tegnap, jelenleg, ezen a héten, következő, múlt héten, utolsó, még, maradt, hány óra, τώρα, "
    "σήμερα, "
    "αύριο, χθες, εχθές, επόμεν*, τελευταί*, ακόμα, απομέν*, τρέχ*",
    # Indonesian, Malay, Vietnamese, Tagalog, Swahili
    "sekarang, hari ini, besok, kemarin, esok, semalam, saat ini, minggu ini, bulan ini, tahun ini, berikutnya, "
    "selanjutnya, terakhir, terbaru, terkini, masih, sudah, tersisa, sisa, jam berapa, hari apa, tanggal berapa, "
    "bây giờ, hôm nay, ngày mai, hôm qua, hiện tại, hiện nay, tuần này, tháng này, năm nay, tiếp theo, tới, "
    "gần đây, "
    "còn lại, mấy giờ rồi, ngayon, bukas, kahapon, leo, sasa, kesho, jana",
    # Arabic, Hebrew, Persian, Urdu
    "الآن, الان, اليوم, غدا, غداً, أمس, امس, حاليا, حالياً, الحالي, الحالية, هذا الأسبوع, هذا الشهر, "
    "هذه السنة, هذا العام, "
    "القادم, القادمة, المقبل, المقبلة, التالي, التالية, الماضي, الماضية, الأخير, الأخيرة, مؤخرا, بعد قليل, "
    "المتبقي, "
    "المتبقية, تبقى, بقي, كم الساعة, الطقس, الاثنين, الثلاثاء, الأربعاء, الخميس, الجمعة, السبت, الأحد, עכשיו, "
    "היום, מחר, אתמול, כרגע, הבא, הבאה, האחרון, נשאר, נותר, السبت, امروز, فردا, دیروز, اکنون, الان, حالا, "
    "بعدی, باقیمانده, "
    "آج, کل, ابھی, اگلا, اگلی, باقی",
    # Hindi, Bengali, Marathi, Punjabi, Tamil, Telugu
    "आज, कल, परसों, अभी, अब, वर्तमान, फिलहाल, फ़िलहाल, इस समय, इस सप्ताह, इस हफ्ते, इस महीने, इस साल, इस वर्ष, "
    "अगला, अगली, अगले, "
    "पिछला, पिछली, पिछले, हाल, नवीनतम, बाकी, बची, बचे, शेष, कितने बजे हैं, मौसम, सोमवार, मंगलवार, बुधवार, "
    "गुरुवार, शुक्रवार, शनिवार, "
    "रविवार, আজ, আজকে, আজকের, কাল, আগামীকাল, গতকাল, এখন, এখনও, বর্তমান, বর্তমানে, এই সপ্তাহে, এই মাসে, "
    "পরবর্তী, পরের, গত, "
    "সর্বশেষ, বাকি, সোমবার, মঙ্গলবার, বুধবার, বৃহস্পতিবার, শুক্রবার, শনিবার, রবিবার, उद्या, काल, आत्ता, सध्या, "
    "ਅੱਜ, ਕੱਲ੍ਹ, ਹੁਣ, "
    "இன்று, நாளை, நேற்று, இப்போது, அடுத்த, ఈరోజు, రేపు, నిన్న, ఇప్పుడు, తదుపరి",
)
"""That an answer hangs on when it is asked: the present and what is told from it, days of the week, what is left of
something."""

MOMENT_WITHIN = (
    "今 本日 明日 明後日 昨日 一昨日 現在 次の 次回 来週 来月 来年 先週 先月 去年 昨年 最近 最新 曜日 残り "
    "残って あと何 まもなく "
    "もうすぐ まだ もう 直近 天気 "
    "今天 今日 今晚 今年 现在 現在 目前 当前 當前 眼下 明天 后天 後天 昨天 前天 明年 去年 本周 本週 本月 本季 "
    "这周 這週 这个月 這個月 "
    "这个星期 下周 下週 上周 上週 下个 下個 上个月 上個月 下次 下一 最近 最新 刚才 剛才 星期 礼拜 禮拜 周一 "
    "周二 周三 周四 周五 周六 "
    "周日 还剩 還剩 剩余 剩餘 剩下 还有多少 還有多少 几号 幾號 几点了 幾點了 天气 天氣 马上 馬上 "
    "지금 오늘 내일 모레 어제 현재 이번 다음 지난 최근 최신 요일 아직 벌써 남은 남았 몇 시예요 몇 시야 며칠이 날씨 "
    "วันนี้ พรุ่งนี้ เมื่อวาน ตอนนี้ ขณะนี้ ปัจจุบัน สัปดาห์นี้ เดือนนี้ ปีนี้ ถัดไป ครั้งต่อไป ล่าสุด เหลือ "
    "กี่โมงแล้ว"
)
"""The same where words are not set apart, or where endings grow on them."""

THIS_TIME = (
    "this last past previous coming",
    "week weeks weekend month months quarter year years day days hour hours night morning afternoon evening noon "
    "spring summer autumn fall winter season semester term sprint shift period fiscal time minute minutes monday "
    "tuesday wednesday thursday friday saturday sunday",
)
"""English: one of the first before one of the second is a time that is told from now."""
NOT_A_TIME = "step steps stage stages phase page chapter section question level line row item paragraph screen"
"""English: `next` before one of these is a place in an order."""

MONTHS = (
    "january february april june july august september october november december jan feb apr jun jul aug sep "
    "sept oct "
    "nov dec januar februar marz mai juni juli oktober dezember janvier fevrier avril juin juillet aout septembre "
    "octobre novembre decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre janeiro fevereiro "
    "marco maio "
    "junho julho setembro outubro novembro dezembro januari februari maart mei augustus stycznia lutego marca "
    "kwietnia "
    "maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia ocak subat mart nisan haziran temmuz "
    "agustos "
    "eylul ekim kasim aralik января февраля марта апреля мая июня июля августа сентября октября ноября декабря "
    "march may"
)
"""A day of one of these is another day next year, unless the question names the year."""

DOUBTFUL: dict[str, tuple[str, str]] = {
    # word: it counts unless one of the first stands beside it and none of the second; `*` is any word
    "i": (
        "che di il quali quale sono quanto quanti dei gli nel del della delle quando dove cosa chi jak jakie jaki "
        "czy w "
        "ile kiedy gdzie sa sie jest oraz och og ar er hur hvad hva hvor hvordan vad nar pa af av ikke inte som "
        "till "
        "koji kako gdje su kde kdy jake",
        "the is are my do does did what how when where who which can could may have had am was of to for about",
    ),
    "je": ("hoe wat waar wanneer welke het een van voor met zijn kun is kako koji gdje su kde kdy kdo jak co jaky", ""),
    "mi": ("kac nasil nedir ne hangi var icin kadar zaman nerede", ""),
    "ma": ("jak jakie jaki czy ile kiedy gdzie che di il quanto quanti come quando dove chi firma", "quel quelle est"),
    "mes": ("el la al los por cada un del o a do ao em", "quel quelle quels quelles sont est combien comment"),
    "min": ("*", "hur hvad hva hvor hvordan vad nar hvornar var ar jag jeg"),
    "mit": ("*", "hvad hvor hvordan hvornar hvem jeg og ikke"),
    "eu": ("the is are of what how which der die das wie was ist in la l' les dans en della nell", "quem sou qual"),
    "ja": ("*", "jak jaki jakie jake czy ile kim kdo kdy"),
}
"""First persons that are other words elsewhere."""

COURTESY = (
    "tell me, show me, give me, explain to me, explain me, let me know, help me, remind me, i want to know, "
    "i would like to know, i d like to know, i need to know, i wonder, may i ask, can i ask, "
    "sag mir, sage mir, sagen sie mir, sagst du mir, mir sagen, zeig mir, zeigen sie mir, gib mir, geben sie mir, "
    "erklär mir, erkläre mir, erklären sie mir, mir erklären, ich möchte wissen, ich will wissen, ich wüsste gern, "
    "ich würde gern wissen, ich würde gerne wissen, ich wüsste gerne, "
    "dis moi, dites moi, me dire, montre moi, montrez moi, donne moi, donnez moi, explique moi, expliquez moi, "
    "m'expliquer, m expliquer, je voudrais savoir, je veux savoir, j aimerais savoir, "
    "me puedes decir, me puede decir, me podrías decir, me gustaría saber, quiero saber, me explicas, "
    "mi puoi dire, mi può dire, vorrei sapere, voglio sapere, mi spieghi, "
    "diga me, me diga, pode me dizer, me dizer, quero saber, gostaria de saber, me explique, "
    "vertel me, vertel mij, zeg me, me vertellen, mij vertellen, ik wil weten, ik zou graag willen weten, "
    "powiedz mi, proszę mi powiedzieć, chcę wiedzieć, bana söyle, скажи мне, скажите мне, подскажите мне, "
    "säg mig, sig mig"
)
"""Ways of asking somebody to answer: they say `me` and ask about something else."""

HOW_TO = (
    "how do i, how can i, how could i, how should i, how would i, how might i, how must i, how may i, how to, "
    "how i can, how i could, how i should, how i may, how i do, "
    "where can i find, where do i find, where can i get, where do i get, where can i see, where do i enter, "
    "where can i download, where do i download, where can i leave, where can i park, where do i park, "
    "who do i contact, whom do i contact, who should i contact, whom should i contact, who can i contact, "
    "who do i ask, who can i ask, who should i ask, "
    "wie kann ich, wie muss ich, wie soll ich, wie darf ich, wo kann ich, wo finde ich, wie finde ich, "
    "wie beantrage ich, "
    "wie melde ich, wie setze ich, wie ändere ich, wie lösche ich, wie richte ich, wie bekomme ich, "
    "wie reiche ich, "
    "wie erstelle ich, wie buche ich, wie kündige ich, wie storniere ich, an wen wende ich, "
    "comment puis je, comment je peux, comment dois je, comment faire pour, où puis je, où trouver, à qui dois je, "
    "cómo puedo, cómo debo, cómo hago para, dónde puedo, dónde encuentro, a quién debo, "
    "come posso, come devo, come faccio a, dove posso, dove trovo, a chi devo, "
    "como posso, como devo, como faço para, onde posso, onde encontro, "
    "hoe kan ik, hoe moet ik, hoe vraag ik, waar kan ik, waar vind ik, bij wie kan ik, "
    "jak mogę, jak mam, gdzie mogę, gdzie znajdę"
)
"""By which a question asks for a way of doing something: it is the same for whoever asks, although they say `I`."""
NO_WAY = (
    "look rank stand stack compare feel do perform rate score fit earn owe own have owe weigh know work live "
    "sit belong "
    "stehe stehen verdiene arbeite sitze heisse abschneiden"
)
"""After such a beginning these make it a question about oneself all the same."""

TURKISH = "kac nasil nedir hangi icin kadar zaman nerede kim misin miyim mi mu ne var nereden neden kalan"
NOT_MINE = (
    "yardim resim isim bolum donem islem sistem program toplam tamam selam tam tum olum yorum durum kurum yatirim "
    "egitim uretim tuketim yonetim iletisim ulasim odeme takim adim konum sorum kullanim tasarim satim alim "
    "katilim "
    "bakim onarim teslim giderim yazilim donanim guvenlim ekonom akşam aksam bayram hukum uyum sekil cozum "
    "urum kurulum"
)
"""Turkish: what is mine ends in a vowel and `m`, and so do these, which are nobody's."""
NOT_ME = "في التي الذي هي أي حتى على إلى الى لدى متى أخرى شيء مدى رسمي سنوي شهري يومي حالي كلي اي يعني ينبغي يجري تأتي"
"""Arabic: what is mine ends in `ي`, and so do these."""
