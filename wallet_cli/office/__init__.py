"""The stores of a wijk's office: what it knows about people, off the chain and sealed.

person.py       what may stand in a record, and what never
stores.py       where the stores are, and opening them
retention.py    what the law makes an office keep, until when
certificate.py  what was erased, and what is kept, signed
cli.py          `socialcoin office`
"""
