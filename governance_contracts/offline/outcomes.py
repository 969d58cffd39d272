"""What is refused of payments without a network, and what receipts say of them."""

from __future__ import annotations

from chain.codec import U16, U53, AccountId, Code, Key, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, CentsField


class UnknownAllowance(Rejected):
    """There is no such allowance, or its time to settle is over and the rest went back."""

    code = 1300
    fields = ("allowance",)


class AllowanceTooLarge(Rejected):
    code = 1301
    fields = ("amount", "limit")


class TooManyAllowances(Rejected):
    """At most five are open at once."""

    code = 1302
    fields = ("account",)


class BadPayment(Rejected):
    """The payment does not fit its allowance. `why`: kind (general or not), seller (or place),
    each (above the limit of one payment), total (above what is locked, or below its own amount),
    or day (outside the days of the allowance)."""

    code = 1303
    fields = ("why",)


class NotSignedByDevice(Rejected):
    """The signature is not the device's over this payment."""

    code = 1304
    fields = ("allowance",)


class NothingNew(Rejected):
    """A total as high as this, or a payment with this number, was settled before."""

    code = 1305
    fields = ("allowance", "settled")


class AllowanceOpen(Rejected):
    """The account cannot close while coin of it is set aside for payments without a network."""

    code = 1306
    fields = ("account", "allowance")


class UnknownGuarantee(Rejected):
    """There is no such guarantee, or it takes no new allowances."""

    code = 1310
    fields = ("guarantee",)


class DeviceNotCovered(Rejected):
    """The fund does not answer for this account's devices."""

    code = 1311
    fields = ("guarantee", "account")


class InDebt(Rejected):
    """The guarantee paid for this account; first that is to be repaid."""

    code = 1312
    fields = ("guarantee", "account", "debt")


class SellerDayLimit(Rejected):
    """The guarantee covers one seller up to a sum on one day; `left` is what that leaves."""

    code = 1313
    fields = ("guarantee", "left")


class GuaranteeSpent(Rejected):
    """The allowance is spent, and nothing is left of the guarantee behind it."""

    code = 1314
    fields = ("guarantee",)


class TooManySettled(Rejected):
    """At most 128 payments of one allowance are settled."""

    code = 1315
    fields = ("allowance",)


class NotDouble(Rejected):
    """These two payments can both be honest."""

    code = 1316


class DeviceKnownFrozen(Rejected):
    """The device is known to have spent twice."""

    code = 1317
    fields = ("allowance",)


class NoDebt(Rejected):
    """More than is owed; `debt` is."""

    code = 1318
    fields = ("guarantee", "account", "debt")


class GuaranteeOpen(Rejected):
    """The fund cannot close while its coin stands behind allowances: end the guarantee first."""

    code = 1319
    fields = ("account", "count")


@event
class AllowanceOpened(Record, tag=1300):
    """To the payer: this free coin is locked."""

    allowance: U53
    coin: Code
    amount: AmountField
    until_ms: Millis


@event
class OfflineReceived(Record, tag=1301):
    """To the seller: credited in free coin. `guaranteed` of it is the guarantee's."""

    allowance: U53
    coin: Code
    amount: AmountField
    place: U16
    guaranteed: CentsField


@event
class OfflineSettled(Record, tag=1302):
    """To the payer: so much of the locked coin was paid out now, and so much in all."""

    allowance: U53
    coin: Code
    amount: CentsField
    paid: CentsField


@event
class AllowanceEnded(Record, tag=1303):
    """To the payer: the rest is free again."""

    allowance: U53
    coin: Code
    returned: CentsField


@event
class GuaranteeGiven(Record, tag=1304):
    """To the fund: this free coin stands behind general allowances."""

    guarantee: U53
    coin: Code
    amount: AmountField


@event
class CoverChanged(Record, tag=1305):
    """To the fund, and to the account whose devices it answers for from now on, or no longer."""

    guarantee: U53
    account: AccountId
    covered: bool


@event
class GuaranteePaid(Record, tag=1306):
    """To the fund and to the payer, who owes the fund `debt` in all."""

    guarantee: U53
    allowance: U53
    coin: Code
    amount: AmountField
    debt: AmountField


@event
class GuaranteeEnded(Record, tag=1307):
    """To the fund: the rest is free again."""

    guarantee: U53
    coin: Code
    returned: CentsField


@event
class DeviceFrozen(Record, tag=1308):
    """The device of this allowance signed two payments that cannot both be honest. Public, so
    that sellers' devices know; it says nothing of whose it is."""

    allowance: U53
    device: Key


@event
class DebtRepaid(Record, tag=1309):
    """To the payer and to the fund, in free coin."""

    guarantee: U53
    coin: Code
    amount: AmountField
    debt: CentsField
