"""What the mails say, in English and in Arabic. The braces are filled by the composers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one mail in one language."""

    subject: str
    heading: str
    lead: str

    def filled(self, **values: object) -> "Wording":
        """With the values in place of the braces; a value's own braces stay as they are."""
        return Wording(*(each.format(**values) for each in (self.subject, self.heading, self.lead)))


Wordings = Mapping[str, Wording]
"""By locale: `en` and `ar`."""

ORDER_RECEIVED: Wordings = {
    "en": Wording(
        "We received your order {number} – {store}",
        "Thank you for your order",
        "Hello {customer}, we have received your order {number}. You will hear from us again once it is confirmed.",
    ),
    "ar": Wording(
        "استلمنا طلبك رقم {number} – {store}",
        "شكرًا لطلبك",
        "مرحبًا {customer}، وصلنا طلبك رقم {number}، وسنراسلك مرة أخرى عند تأكيده.",
    ),
}

ORDER_PLACED: Wordings = {
    "en": Wording("New order {number} – {store}", "A new order", "{customer} has placed the order {number}."),
    "ar": Wording("طلب جديد رقم {number} – {store}", "طلب جديد", "وصل طلب جديد رقم {number} من {customer}."),
}

ORDER_CONFIRMED: Wordings = {
    "en": Wording(
        "Your order {number} is confirmed – {store}",
        "Your order is confirmed",
        "Hello {customer}, {store} has confirmed your order {number}.",
    ),
    "ar": Wording(
        "تم تأكيد طلبك رقم {number} – {store}",
        "تم تأكيد طلبك",
        "مرحبًا {customer}، أكّد {store} طلبك رقم {number}.",
    ),
}

ORDER_CANCELLED: Wordings = {
    "en": Wording(
        "Your order {number} was cancelled – {store}",
        "Your order was cancelled",
        "Hello {customer}, your order {number} was cancelled. If you did not expect this, please contact {store}.",
    ),
    "ar": Wording(
        "أُلغي طلبك رقم {number} – {store}",
        "أُلغي طلبك",
        "مرحبًا {customer}، أُلغي طلبك رقم {number}. إن لم تكن تتوقع ذلك فنرجو التواصل مع {store}.",
    ),
}

ORDER_FULFILLED: Wordings = {
    "en": Wording(
        "Your order {number} is complete – {store}",
        "Your order is complete",
        "Hello {customer}, {store} has completed your order {number}. Thank you.",
    ),
    "ar": Wording(
        "اكتمل طلبك رقم {number} – {store}",
        "اكتمل طلبك",
        "مرحبًا {customer}، أتمّ {store} طلبك رقم {number}. شكرًا لك.",
    ),
}

INVITATION: Wordings = {
    "en": Wording(
        "You are invited to {store}",
        "Join the team of {store}",
        "Hello, {inviter} invites you to work for {store} as {role}.",
    ),
    "ar": Wording(
        "دعوة للانضمام إلى {store}",
        "انضم إلى فريق {store}",
        "مرحبًا، يدعوك {inviter} للعمل في {store} بصفة {role}.",
    ),
}

ACCOUNT_CONFIRM: Wordings = {
    "en": Wording(
        "Confirm your email address",
        "Confirm your email address",
        "Hello {name}, enter this code to confirm that this address is yours.",
    ),
    "ar": Wording(
        "تأكيد بريدك الإلكتروني",
        "تأكيد بريدك الإلكتروني",
        "مرحبًا {name}، أدخل هذا الرمز لتأكيد أن هذا العنوان لك.",
    ),
}

ACCOUNT_RESET: Wordings = {
    "en": Wording(
        "Reset your password",
        "Reset your password",
        "Hello {name}, enter this code to choose a new password.",
    ),
    "ar": Wording(
        "إعادة تعيين كلمة المرور",
        "إعادة تعيين كلمة المرور",
        "مرحبًا {name}، أدخل هذا الرمز لاختيار كلمة مرور جديدة.",
    ),
}

ACCOUNT_EXISTS: Wordings = {
    "en": Wording(
        "You already have an account",
        "You already have an account",
        "Hello {name}, somebody, perhaps you, tried to sign up with this address, which already has an account. "
        "Sign in instead, or reset your password if you have forgotten it.",
    ),
    "ar": Wording(
        "لديك حساب بالفعل",
        "لديك حساب بالفعل",
        "مرحبًا {name}، حاول أحدهم، وربما أنت، إنشاء حساب بهذا العنوان وله حساب من قبل. "
        "سجّل الدخول به، أو أعد تعيين كلمة المرور إن نسيتها.",
    ),
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "order": "Order",
        "placed_at": "Placed",
        "item": "Item",
        "line_total": "Amount",
        "total": "Total",
        "subtotal": "Subtotal",
        "shipping": "Shipping",
        "discount": "Discount",
        "address": "Deliver to",
        "block": "Block",
        "street": "Street",
        "avenue": "Avenue",
        "building": "Building",
        "floor": "Floor",
        "flat": "Flat",
        "customer": "Customer",
        "email": "Email",
        "phone": "Phone",
        "note": "Note",
        "code_advice": "The code works once, for 30 minutes. If it has expired, ask for a new one.",
        "ignore_advice": "If this was not you, you need not do anything.",
        "how_to_pay": "How to pay",
        "view_order": "View your order",
        "accept": "Accept the invitation",
        "accept_advice": "Sign in with this address, or make an account with it first. It works once, until",
        "decline_advice": "If you do not want to join, you need not do anything.",
        "role_owner": "an owner",
        "role_admin": "an administrator",
        "role_member": "a member of staff",
        "platform": "Sadu",
    },
    "ar": {
        "order": "رقم الطلب",
        "placed_at": "تاريخ الطلب",
        "item": "الصنف",
        "line_total": "المبلغ",
        "total": "الإجمالي",
        "subtotal": "المجموع",
        "shipping": "التوصيل",
        "discount": "الخصم",
        "address": "عنوان التوصيل",
        "block": "قطعة",
        "street": "شارع",
        "avenue": "جادة",
        "building": "مبنى",
        "floor": "دور",
        "flat": "شقة",
        "customer": "العميل",
        "email": "البريد الإلكتروني",
        "phone": "الهاتف",
        "note": "ملاحظة",
        "code_advice": "يُستعمل الرمز مرة واحدة خلال 30 دقيقة. إن انتهت صلاحيته فاطلب رمزًا جديدًا.",
        "ignore_advice": "إن لم تكن أنت من طلب ذلك فلا يلزمك فعل شيء.",
        "how_to_pay": "طريقة الدفع",
        "view_order": "عرض طلبك",
        "accept": "قبول الدعوة",
        "accept_advice": "سجّل الدخول بهذا العنوان، أو أنشئ به حسابًا أولًا. تُستعمل الدعوة مرة واحدة حتى",
        "decline_advice": "إن لم ترغب في الانضمام فلا يلزمك فعل شيء.",
        "role_owner": "مالك",
        "role_admin": "مدير",
        "role_member": "موظف",
        "platform": "سدو",
    },
}
