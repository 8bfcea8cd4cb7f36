"""Finding and erasing a person's data (GDPR Art. 15 and 17, PIPL Art. 45 and 47).

What came back, what was decided and what was paid stays: books have to be kept. Only the person goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from hub.accounts import Account, Accounts
from hub.actions.people import NotNow, lock
from hub.model.language.sentences import sentence
from hub.model.privacy import erasing, phones
from hub.model.privacy.erasing import Eraser
from hub.model.privacy.personal import MASK, PersonName, blank
from hub.model.schema.bindings import Name as Object
from hub.pipeline.process import erased, masking
from hub.pipeline.process.combine import combine
from hub.pipeline.process.erased import Forgotten, stream_of
from hub.pipeline.process.load import with_retry
from hub.store import invalid, jobs, journal, observations, personal, returns, reviews
from hub.store.database import Connection, Database
from hub.store.sweep import sweep


class PersonalRecord(NamedTuple):
    """A record that is about a person. `why`: named (it names them as its customer), return (it belongs to a return or
    order of theirs), mention (their e-mail address stands in somebody else's record) or perhaps (it has their telephone
    number without its country, and others have that number in other countries): the last two are not erased."""

    account: str
    stream: str
    external_id: str
    number: str | None
    at: datetime
    why: str


class PhoneMatches(NamedTuple):
    """The objects that bear a telephone number, those that perhaps do, and the digits that are this number."""

    theirs: Mapping[Object, datetime] = {}
    perhaps: Mapping[Object, datetime] = {}
    forms: tuple[str, ...] = ()


class Privacy:
    """Where a person's data lies, and how it goes."""

    def __init__(self, database: Database, accounts: Accounts, forgotten: Forgotten) -> None:
        self.database = database
        self.accounts = accounts
        self.forgotten = forgotten

    def find(self, who: str) -> list[PersonalRecord]:
        """Every record about this person. Raises ValueError where `who` can name nobody."""
        with self.database.begin() as conn:
            return self._find(conn, who)

    def statements(self, found: Iterable[PersonalRecord]) -> dict[Object, list[str]]:
        """What each of these records says of a person, for the answer to whoever asks."""
        accounts = self.accounts.all()
        of_record: dict[Object, set[str]] = {}
        with self.database.begin() as conn:
            for row in personal.bodies(conn, (one[:3] for one in found)):
                of_record.setdefault(row.name, set()).update(
                    erased.personal_texts(stream_of(accounts, row.account, row.stream), row.body)
                )
        return {name: sorted(texts) for name, texts in of_record.items()}

    def erase(self, who: str, by: str) -> list[PersonalRecord]:
        """Erase what is kept of this person, and what comes in of them from now on; what it was, without what is only
        perhaps theirs. Raises ValueError."""
        name = PersonName.parse(who)
        with self.database.begin() as conn:
            # Committed first: what is being taken in meanwhile is masked, or found below.
            self.forgotten.remember(conn, [name])
            numbers = self._numbers(conn, phones.read(who)) if name.kind == "phone" else PhoneMatches()
            self.forgotten.remember(conn, [PersonName("phone", form) for form in numbers.forms])
        found = self.find(who)
        theirs = {one[:3] for one in found if one.why in ("named", "return")}
        mails = {name.text} if name.kind == "mail" else self._mails(theirs)
        self._forget(theirs, by, {who.strip()} if name.kind in ("mail", "phone") else set(), mails)
        if mails:
            with self.database.begin() as conn:
                self.forgotten.remember(conn, [PersonName("address", mail) for mail in mails])
            eraser = Eraser(self.forgotten.tokens(mails))
            self.database.run(
                lambda conn: sweep(conn, eraser.address, eraser.name, lambda body: masking.mention(body, eraser))
            )
        return [one for one in found if one.why != "perhaps"]

    def carry_out(self, review_id: int, by: str) -> int:
        """Do what a system asks about a person; how many records it was about. Raises NotNow."""
        with self.database.begin() as conn:
            question = reviews.get(conn, review_id)
        if question is None or question["kind"] != "privacy" or question["state"] != "open":
            raise NotNow("no_question", id=review_id)
        asked, done = question["detail"], set[Object]()
        account = asked["account"]
        if asked["asks"] == "erase_all":
            done = self._forget_all(account, by)
        elif asked["asks"] == "erase":
            for text in filter(None, (*asked["orders"], asked["customer"])):
                done |= {found[:3] for found in self.erase(f"{account}:{text}", by)}
        with self.database.begin() as conn:
            reviews.answer(conn, review_id, "answered" if asked["asks"] == "tell" else "erased")
        return len(done)

    # -- finding

    def _find(self, conn: Connection, who: str) -> list[PersonalRecord]:
        name = PersonName.parse(who)
        numbers = self._numbers(conn, phones.read(who)) if name.kind == "phone" else PhoneMatches()
        named = {**self._known(conn, name), **self._read(conn, name), **numbers.theirs}
        mentioned = self._mention(conn, name, named)
        held = {one.name: one for one in personal.family(conn, named)}
        found = []
        for thing in sorted({*named, *held}):
            one = held.get(thing)
            number = f"R{one.return_id}" if one is not None and one.return_id is not None else None
            at = named.get(thing) or (one.at if one is not None else None)
            why = "named" if thing in named else "return"
            found.append(PersonalRecord(*thing, number, at, why))  # type: ignore[arg-type]
        elsewhere = [(*thing, None, at, "mention") for thing, at in mentioned.items() if thing not in held]
        perhaps = {thing: at for thing, at in numbers.perhaps.items() if thing not in named and thing not in held}
        elsewhere += [(*thing, None, at, "perhaps") for thing, at in perhaps.items()]
        return found + [PersonalRecord(*one) for one in sorted(elsewhere)]

    def _known(self, conn: Connection, name: PersonName) -> dict[Object, datetime | None]:
        """The objects that bear this name themselves."""
        if name.kind == "return":
            return dict.fromkeys(personal.of_return(conn, int(name.text)))
        if name.kind == "record":
            account, _, text = name.text.partition(":")
            return dict.fromkeys(personal.known_as(conn, account, text))
        return {}

    def _read(self, conn: Connection, name: PersonName) -> dict[Object, datetime | None]:
        """The objects whose bodies say this name at a customer's place."""
        accounts = self.accounts.all()
        only = name.text.partition(":")[0] if name.kind == "record" else None
        asked = [one for one in _of_customers(accounts) if only in (None, one[0])]
        found: dict[Object, datetime | None] = {}
        for body in personal.scan(conn, asked) if name.kind != "return" else ():
            if name in erased.people(body.account, stream_of(accounts, body.account, body.stream), body.body):
                found[body.name] = body.at
        return found

    def _numbers(self, conn: Connection, asked: phones.Phone) -> PhoneMatches:
        """The objects that bear this telephone number, written with its country or without.

        Without it a number is theirs where nobody has the same one in another country.
        """
        accounts = self.accounts.all()
        found: dict[str, dict[Object, datetime]] = {}
        for body in personal.scan(conn, _of_customers(accounts)) if asked.comparable else ():
            for phone in erased.numbers(stream_of(accounts, body.account, body.stream), body.body):
                if phone.local == asked.local:
                    found.setdefault(phone.country, {})[body.name] = body.at
        bare = found.pop("", {})
        countries = {*found, *filter(None, [asked.country])}
        if len(countries) <= 1:
            known = asked._replace(country=next(iter(countries), ""))
            return PhoneMatches(_together(bare, *found.values()), {}, known.forms)
        if asked.country:
            return PhoneMatches(found.get(asked.country, {}), bare, asked.forms[:1])
        return PhoneMatches(bare, _together(*found.values()))

    def _mails(self, things: Collection[Object]) -> set[str]:
        """The e-mail addresses of these records' customers, without those that many may have (office@)."""
        accounts = self.accounts.all()
        with self.database.begin() as conn:
            return {
                name.text
                for row in personal.bodies(conn, things)
                for name in erased.people(row.account, stream_of(accounts, row.account, row.stream), row.body)
                if name.kind == "mail" and name.text.partition("@")[0] not in erasing.ANYBODYS
            }

    def _mention(self, conn: Connection, name: PersonName, named: Collection[Object]) -> dict[Object, datetime]:
        """The objects whose bodies hold this e-mail address elsewhere, in whatever form."""
        if name.kind != "mail":
            return {}
        wanted = erasing.pattern(name.text, address=True)
        return {
            body.name: body.at
            for body in personal.scan(conn)
            if body.name not in named and wanted.search(body.body.decode("utf-8", "replace"))
        }

    # -- erasing

    def _forget(
        self,
        names: set[Object],
        by: str,
        typed: Iterable[str] = (),
        mails: Collection[str] = (),
        *,
        alone: bool = False,
    ) -> set[Object]:
        """Erase these records, and (not `alone`) all of their orders and returns, in one transaction; which."""

        def work(conn: Connection) -> set[Object]:
            things = set(names)
            for _ in range(2):  # whoever was taking one of them in is waited for, and may have brought one more
                if not alone:
                    things |= {one.name for one in personal.family(conn, things)}
                jobs.want(conn, "process", [(thing[0], jobs.object_key(*thing[1:])) for thing in things])
            known = observations.of_objects(conn, things)
            ids = {record.return_id for record in known.values() if record.return_id is not None}
            orders = {record.order_id for record in known.values() if record.order_id is not None}
            ids |= {return_id for return_id, _ in returns.of_orders(conn, orders)}
            lock(conn, sorted(ids))
            self.forgotten.remember(conn, objects=things)
            said = {*typed, *self._mask(conn, things, known, typed, mails)}
            personal.scrub(conn, said, MASK, ids, {thing[0] for thing in things})
            invalid.reopen(conn, things)
            line = sentence("erased", by=by)
            journal.write(conn, [journal.entry(return_id, None, "erase", line) for return_id in sorted(ids)])
            combine(conn, ids, self.accounts.all(), {})
            return things

        return with_retry(self.database, work) if names else set()

    def _mask(
        self,
        conn: Connection,
        things: set[Object],
        known: Mapping[Object, observations.Stored],
        typed: Iterable[str],
        mails: Collection[str],
    ) -> set[str]:
        """Bodies and what was made of them, without their person; what they had said of them."""
        accounts = self.accounts.all()
        said: set[str] = set()
        digests: dict[bytes, bytes] = {}
        new: dict[str, list[tuple[int, bytes | None]]] = {"raw": [], "inbox": []}
        bodies = personal.bodies(conn, things)
        for row in bodies:
            said |= erased.personal_texts(stream_of(accounts, row.account, row.stream), row.body)
        blanks = {thing: blank(record.observation.fragment) for thing, record in known.items()}
        said.update(word for _, words in blanks.values() for word in words)
        own = {*mails, *(mail for text in said if "@" in text for mail in erasing.addresses(text))}
        eraser = Eraser(self.forgotten.tokens(own), {*typed, *said})
        for row in bodies:
            stream, account = stream_of(accounts, row.account, row.stream), accounts.get(row.account)
            body = masking.body(account, row.stream, stream, row.body, eraser) if account else None
            digests[observations.digest(row.body)] = observations.digest(body)
            new[row.table].append((row.id, body))
        for table, rows in new.items():
            personal.rewrite(conn, table, rows)
        masked = []
        for thing, record in known.items():
            fragment = masking.fragment(blanks[thing][0], eraser)
            digest = digests.get(record.digest, record.digest) if record.digest is not None else None
            masked.append(record._replace(observation=replace(record.observation, fragment=fragment), digest=digest))
        observations.save(conn, masked)
        return {text.strip() for text in said}

    def _forget_all(self, account: str, by: str) -> set[Object]:
        """Erase everything that this account told, some records at a time."""
        done: set[Object] = set()
        after = ("", "")
        while True:
            with self.database.begin() as conn:
                page = personal.objects(conn, account, after)
            if not page:
                return done
            done |= self._forget(set(page), by, alone=True)
            after = page[-1][1:]


def _of_customers(accounts: Mapping[str, Account]) -> list[tuple[str, str]]:
    """The (account, stream)s whose records say whose they are."""
    return [
        (account.name, stream.name)
        for account in accounts.values()
        for stream in account.entry.manifest.streams.values()
        if stream.customer
    ]


def _together(*found: Mapping[Object, datetime]) -> dict[Object, datetime]:
    return {thing: at for one in found for thing, at in one.items()}
