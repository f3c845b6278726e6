"""A few sentences in many languages, with the encodings that files in each are found in."""

from __future__ import annotations

LANGUAGES: dict[str, tuple[str, str]] = {
    "German": (
        "cp1252 iso8859-15 mac-roman cp850",
        "Die Kündigungsfrist beträgt für Mitarbeiter in der Probezeit zwei Wochen. Über Ausnahmen entscheidet die Geschäftsführung, und größere Änderungen müssen schriftlich bestätigt werden.",
    ),
    "French": (
        "cp1252 iso8859-15 mac-roman cp850",
        "Le délai de préavis est fixé à deux mois pour les salariés confirmés. Les congés payés doivent être demandés à l'avance, et le télétravail reste possible après accord de la hiérarchie.",
    ),
    "Spanish": (
        "cp1252 iso8859-15 mac-roman",
        "El período de prueba será de tres meses según el convenio. Las vacaciones se solicitarán con antelación, y el año pasado ningún compañero perdió días de descanso.",
    ),
    "Portuguese": (
        "cp1252 iso8859-15",
        "O prazo de rescisão é de trinta dias para todos os funcionários. As férias não podem ser trocadas por dinheiro, e a política de trabalho remoto também está em revisão.",
    ),
    "Italian": (
        "cp1252 iso8859-15",
        "Il periodo di preavviso è di quindici giorni, perché così prevede il contratto. La società rimborserà le spese già sostenute, e ciò vale anche per le attività svolte in città.",
    ),
    "Dutch": (
        "cp1252 iso8859-15",
        "De opzegtermijn bedraagt één maand voor alle medewerkers. Reünies en coördinatie worden vergoed, en patiënten krijgen vóór vrijdag bericht over hun financiële situatie.",
    ),
    "Danish": (
        "cp1252 iso8859-15",
        "Opsigelsesvarslet er én måned for alle medarbejdere. Ferien skal aftales på forhånd, og større ændringer kræver skriftlig bekræftelse fra ledelsen før årets udgang.",
    ),
    "Norwegian": (
        "cp1252 iso8859-15",
        "Oppsigelsestiden er tre måneder for alle ansatte. Ferie må avtales på forhånd, og større endringer krever skriftlig bekreftelse før årets slutt på nærmeste kontor.",
    ),
    "Swedish": (
        "cp1252 iso8859-15",
        "Uppsägningstiden är tre månader för alla anställda. Semester måste sökas i förväg, och större ändringar kräver skriftlig bekräftelse från ledningen före årets slut.",
    ),
    "Finnish": (
        "cp1252 iso8859-15",
        "Irtisanomisaika on kaksi kuukautta kaikille työntekijöille. Lomat täytyy sopia etukäteen, ja isommat muutokset vaativat esimiehen kirjallisen hyväksynnän ennen vuoden päättymistä.",
    ),
    "Icelandic": (
        "cp1252 iso8859-1",
        "Uppsagnarfrestur er þrír mánuðir fyrir alla starfsmenn. Orlof þarf að semja um fyrirfram, og stærri breytingar þarfnast skriflegrar staðfestingar áður en árið er liðið.",
    ),
    "Polish": (
        "cp1250 iso8859-2",
        "Okres wypowiedzenia wynosi trzy miesiące dla wszystkich pracowników. Urlop należy zgłosić z wyprzedzeniem, a większe zmiany wymagają pisemnego potwierdzenia przełożonego, który może też odmówić zgody.",
    ),
    "Czech": (
        "cp1250 iso8859-2",
        "Výpovědní lhůta činí dva měsíce pro všechny zaměstnance. Dovolenou je třeba nahlásit předem a větší změny vyžadují písemné potvrzení vedoucího, který může žádost také zamítnout.",
    ),
    "Slovak": (
        "cp1250 iso8859-2",
        "Výpovedná lehota je dva mesiace pre všetkých zamestnancov. Dovolenku treba nahlásiť vopred a väčšie zmeny vyžadujú písomné potvrdenie vedúceho, ktorý môže žiadosť aj zamietnuť.",
    ),
    "Hungarian": (
        "cp1250 iso8859-2",
        "A felmondási idő két hónap minden munkavállaló számára. A szabadságot előre kell egyeztetni, és a nagyobb változtatásokhoz a vezető írásos jóváhagyása szükséges, amelyről később értesítjük önöket.",
    ),
    "Romanian": (
        "cp1250 iso8859-2",
        "Termenul de preaviz este de douăzeci de zile pentru toţi angajaţii. Concediul trebuie stabilit înainte, iar modificările mai mari necesită aprobarea scrisă a conducerii, fără excepţii şi fără întârziere.",
    ),
    "Croatian": (
        "cp1250 iso8859-2",
        "Otkazni rok iznosi dva mjeseca za sve zaposlenike. Godišnji odmor treba najaviti unaprijed, a veće promjene zahtijevaju pisanu potvrdu voditelja, koji može i odbiti zahtjev ako već postoji dogovor.",
    ),
    "Slovenian": (
        "cp1250 iso8859-2",
        "Odpovedni rok znaša dva meseca za vse zaposlene. Dopust je treba napovedati vnaprej, večje spremembe pa zahtevajo pisno potrditev vodje, ki lahko prošnjo tudi zavrne, če že obstaja dogovor.",
    ),
    "Lithuanian": (
        "cp1257 iso8859-13",
        "Įspėjimo terminas yra du mėnesiai visiems darbuotojams. Atostogas reikia derinti iš anksto, o didesniems pakeitimams būtinas raštiškas vadovo patvirtinimas, kurį galima gauti per žmogiškųjų išteklių skyrių.",
    ),
    "Latvian": (
        "cp1257 iso8859-13",
        "Uzteikuma termiņš ir divi mēneši visiem darbiniekiem. Atvaļinājums jāsaskaņo iepriekš, un lielākām izmaiņām nepieciešams vadītāja rakstisks apstiprinājums, ko var saņemt personāla daļā.",
    ),
    "Estonian": (
        "cp1257 iso8859-13",
        "Etteteatamise tähtaeg on kaks kuud kõigile töötajatele. Puhkus tuleb eelnevalt kokku leppida ja suuremad muudatused vajavad juhi kirjalikku kinnitust, mille saab küsida personaliosakonnast.",
    ),
    "Turkish": (
        "cp1254 iso8859-9",
        "İhbar süresi bütün çalışanlar için iki aydır. Yıllık izin önceden kararlaştırılmalı, büyük değişiklikler için yöneticinin yazılı onayı gereklidir ve başvurular şirket içinde değerlendirilir.",
    ),
    "Greek": (
        "cp1253 iso8859-7",
        "Η προθεσμία καταγγελίας είναι δύο μήνες για όλους τους εργαζομένους. Η άδεια πρέπει να συμφωνείται εκ των προτέρων και οι μεγαλύτερες αλλαγές απαιτούν γραπτή έγκριση της διοίκησης.",
    ),
    "Russian": (
        "cp1251 koi8-r iso8859-5 cp866 mac-cyrillic",
        "Срок уведомления составляет два месяца для всех сотрудников. Отпуск необходимо согласовать заранее, а крупные изменения требуют письменного подтверждения руководителя.",
    ),
    "Ukrainian": (
        "cp1251 koi8-u",
        "Термін попередження становить два місяці для всіх працівників. Відпустку необхідно узгодити заздалегідь, а більші зміни потребують письмового підтвердження керівника.",
    ),
    "Bulgarian": (
        "cp1251",
        "Срокът на предизвестие е два месеца за всички служители. Отпускът трябва да се съгласува предварително, а по-големите промени изискват писмено потвърждение от ръководителя.",
    ),
    "Serbian": (
        "cp1251",
        "Отказни рок износи два месеца за све запослене. Годишњи одмор треба најавити унапред, а веће промене захтевају писану потврду руководиоца, који може и одбити захтев.",
    ),
    "Hebrew": (
        "cp1255 iso8859-8",
        "תקופת ההודעה המוקדמת היא חודשיים לכל העובדים. את החופשה יש לתאם מראש, ושינויים גדולים דורשים אישור בכתב מההנהלה לפני סוף השנה.",
    ),
    "Arabic": (
        "cp1256 iso8859-6",
        "مدة الإشعار شهران لجميع الموظفين. يجب الاتفاق على الإجازة مسبقا، والتغييرات الكبيرة تحتاج إلى موافقة مكتوبة من الإدارة قبل نهاية السنة.",
    ),
    "Persian": (
        "cp1256",
        "مدت اعلام قبلی برای همه کارکنان دو ماه است. مرخصی باید از پیش هماهنگ شود و تغییرات بزرگ نیاز به تایید کتبی مدیر پروژه دارند.",
    ),
    "Thai": (
        "cp874 tis-620",
        "ระยะเวลาแจ้งล่วงหน้าคือสองเดือนสำหรับพนักงานทุกคน การลาพักร้อนต้องตกลงล่วงหน้า และการเปลี่ยนแปลงที่สำคัญต้องได้รับการยืนยันเป็นลายลักษณ์อักษร",
    ),
    "Vietnamese": (
        "cp1258",
        "Thời hạn báo trước là hai tháng cho tất cả nhân viên. Nghỉ phép phải được thỏa thuận trước, và những thay đổi lớn cần có xác nhận bằng văn bản của quản lý.",
    ),
    "Japanese": (
        "shift_jis euc_jp iso2022_jp cp932",
        "解約の予告期間はすべての社員について二か月です。休暇は事前に相談し、大きな変更には上司の書面による承認が必要になります。",
    ),
    "Korean": (
        "euc_kr cp949",
        "해지 통보 기간은 모든 직원에게 두 달입니다. 휴가는 미리 협의해야 하며, 큰 변경 사항은 관리자의 서면 승인이 필요합니다.",
    ),
    "Chinese": (
        "gb2312 gbk gb18030 hz",
        "所有员工的离职通知期为两个月。休假必须提前商定，重大变更需要主管的书面确认，财务部门将在年底之前公布结果。",
    ),
    "Taiwanese": (
        "big5",
        "所有員工的離職通知期為兩個月。休假必須提前商定，重大變更需要主管的書面確認，財務部門將在年底之前公布結果。",
    ),
}
