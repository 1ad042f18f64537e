"""Makes the mutants of a C file.  One text contains all of them, and one is chosen at run time.

A small parser of the C of this tree (functions that begin and end in the first
column, types in CamelCase or ending in _t, constants in capitals) finds the
expressions and statements of each function.  Each mutant N becomes

    (MUTANT(N) ? mutated : original)      or      if (!MUTANT(N)) statement;

so that one object contains all of them.  Code that the parser does not understand is not
mutated.  Neither are tables, nor functions that only make text for people.
"""
import re

TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|//[^\n]*)
      |(?P<pp>\#(?:\\\n|[^\n])*)
      |(?P<id>[A-Za-z_]\w*)
      |(?P<num>\d[\w.]*)
      |(?P<str>"(?:\\.|[^"\\])*")
      |(?P<chr>'(?:\\.|[^'\\])*')
      |(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])""",
    re.S | re.X)

BINARY = {
    "*": (10, ["+"]), "/": (10, ["*"]), "%": (10, ["*"]), "+": (9, ["-"]), "-": (9, ["+"]),
    "<<": (8, [">>"]), ">>": (8, ["<<"]), "<": (7, ["<=", ">="]), ">": (7, [">=", "<="]),
    "<=": (7, ["<", ">"]), ">=": (7, [">", "<"]), "==": (6, ["!="]), "!=": (6, ["=="]),
    "&": (5, ["|"]), "^": (4, ["|"]), "|": (3, ["&"]), "&&": (2, ["||"]), "||": (1, ["&&"]),
}
ASSIGNMENTS = {
    "=": [], "|=": ["="], "&=": ["="], "^=": ["="], "+=": ["-="], "-=": ["+="], "*=": ["/="],
    "/=": ["*="], "<<=": [">>="], ">>=": ["<<="], "%=": ["="],
}
TYPE_WORDS = {"void", "char", "int", "unsigned", "long", "short", "bool", "double", "float",
              "const", "struct", "size_t"}
NOT_MUTATED = re.compile(r"describe|register_name|_name$|guest_error")


class NotUnderstood(Exception):
    pass


class Mutant:
    def __init__(self, number, function, line, original, mutated):
        self.number, self.function, self.line = number, function, line
        self.original, self.mutated = original, mutated

    def key(self):
        return f"{self.function}: {self.original} -> {self.mutated}"


class Node:
    """An expression: the characters [start, end), its parts, and its possible replacements."""

    def __init__(self, start, end, parts=(), changes=()):
        self.start, self.end, self.parts, self.changes = start, end, list(parts), list(changes)


def tokens_of(text, start, end):
    found, at = [], start
    while at < end:
        match = TOKEN.match(text, at, end)
        if match.lastgroup not in ("skip", "pp"):
            found.append((match.lastgroup, match.group(), match.start(), match.end()))
        at = match.end()
    return found


def typedefs_of(text):
    """Returns the types that a text defines, and those in its casts and declarations."""
    return set(re.findall(r"^(?:\} |typedef [^;{]* )(\w+);", text, re.M))


class Parser:
    """Parses the body of one function."""

    def __init__(self, text, start, end, function, types, dropped, mutants, edits):
        self.text, self.function, self.mutants, self.edits = text, function, mutants, edits
        self.types, self.dropped = types, dropped
        self.tokens, self.at = tokens_of(text, start, end), 0
        self.tokens.append(("end", "", end, end))

    # ---- tokens ----

    def is_type(self, word):
        return (word in TYPE_WORDS or word in self.types or word.endswith("_t") or
                re.fullmatch(r"[A-Z]+[a-z]\w*", word))

    def word(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][1]

    def kind(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)][0]

    def start(self):
        return self.tokens[self.at][2]

    def last_end(self):
        return self.tokens[self.at - 1][3]

    def take(self, word=None):
        if word is not None and self.word() != word:
            raise NotUnderstood(f"{word} expected, not {self.word()}")
        self.at += 1

    def skip_balanced(self):
        """Skips a bracket and its contents."""
        depth = 0
        while True:
            depth += self.word() in "([{" and self.kind() == "op"
            depth -= self.word() in ")]}" and self.kind() == "op"
            if self.kind() == "end":
                raise NotUnderstood("a bracket is open")
            self.take()
            if depth == 0:
                return

    # ---- expressions ----

    def raw(self, node):
        return " ".join(self.text[node.start:node.end].split())

    def is_number(self, node):
        return re.fullmatch(r"\d\w*", self.raw(node)) is not None

    def cast_length(self):
        """Returns the number of tokens of a "(type)" here, or 0."""
        ahead, types = 1, 0
        while self.kind(ahead) == "id" and self.is_type(self.word(ahead)):
            ahead, types = ahead + 1, types + 1
            if self.word(ahead - 1) == "struct":
                ahead += 1
        while self.word(ahead) == "*" or self.word(ahead) == "const":
            ahead += 1
        return ahead + 1 if types and self.word(ahead) == ")" else 0

    def constant(self, start):
        word = self.word()
        self.take()
        node = Node(start, self.last_end())
        if word in ("true", "false"):
            node.changes = ["false" if word == "true" else "true"]
        elif re.fullmatch(r"\d\w*", word):
            node.changes = [f"{word} + 1"]
        elif re.fullmatch(r"[A-Z][A-Z0-9_]+", word) and word != "NULL" and self.word() not in "[(.":
            node.changes = [f"!{word}"]
        elif word in ("UINT64_C", "UINT32_C"):
            self.skip_balanced()
            node.end = self.last_end()
            node.changes = [f"{self.raw(node)} + 1"]
        return node

    def primary(self):
        start = self.start()
        if self.word() == "(":
            length = self.cast_length()
            if length and self.word(length) == "{":
                self.at += length
                self.skip_balanced()
                return Node(start, self.last_end())
            if length:
                self.at += length
                operand = self.unary()
                return Node(start, operand.end, [operand])
            self.take()
            inner = self.comma()
            self.take(")")
            return Node(start, self.last_end(), [inner])
        if self.word() in ("sizeof", "offsetof"):
            self.take()
            if self.word() == "(":
                self.skip_balanced()
                return Node(start, self.last_end())
            raise NotUnderstood("sizeof")
        if self.kind() in ("id", "num"):
            return self.constant(start)
        if self.kind() in ("str", "chr"):
            while self.kind() in ("str", "chr"):
                self.take()
            return Node(start, self.last_end())
        raise NotUnderstood(self.word())

    def postfix(self):
        node = self.primary()
        while True:
            if self.word() in ("->", "."):
                self.take()
                self.take()
                node = Node(node.start, self.last_end(), node.parts)
            elif self.word() == "[":
                self.take()
                index = self.comma()
                self.take("]")
                node = Node(node.start, self.last_end(), node.parts + [index])
            elif self.word() == "(":
                self.take()
                parts = list(node.parts)
                while self.word() != ")":
                    parts.append(self.assignment())
                    if self.word() == ",":
                        self.take()
                self.take(")")
                node = Node(node.start, self.last_end(), parts)
            elif self.word() in ("++", "--"):
                other = "--" if self.word() == "++" else "++"
                node.changes = []
                changed = self.raw(node) + other
                self.take()
                node = Node(node.start, self.last_end(), node.parts, [changed])
            else:
                return node

    def unary(self):
        start = self.start()
        word = self.word()
        if self.kind() == "op" and word in ("!", "~", "-", "+", "*", "&", "++", "--"):
            self.take()
            operand = self.unary()
            node = Node(start, operand.end, [operand])
            if word in "!~-":
                node.changes = [self.raw(operand)]
            elif word in ("++", "--"):
                operand.changes = []
                node.changes = [("--" if word == "++" else "++") + self.raw(operand)]
            elif word == "&":
                node.parts = operand.parts
            return node
        return self.postfix()

    def binary(self, level):
        left = self.unary()
        while self.kind() == "op" and self.word() in BINARY and BINARY[self.word()][0] >= level:
            power, others = BINARY[self.word()]
            self.take()
            right = self.binary(power + 1)
            changes = [f"({self.raw(left)}) {o} ({self.raw(right)})" for o in others]
            if power in (6, 7) and self.is_number(right):
                right.changes = []  # a mutated bound does the same as a mutated comparison
            left = Node(left.start, right.end, [left, right], changes)
        return left

    def conditional(self):
        test = self.binary(1)
        if self.word() != "?":
            return test
        self.take()
        yes = self.comma()
        self.take(":")
        no = self.conditional()
        return Node(test.start, no.end, [test, yes, no], [self.raw(yes), self.raw(no)])

    def assignment(self):
        left = self.conditional()
        if self.kind() != "op" or self.word() not in ASSIGNMENTS:
            return left
        others = ASSIGNMENTS[self.word()]
        self.take()
        right = self.assignment()
        left.changes = []
        changes = [f"{self.raw(left)} {o} {self.raw(right)}" for o in others]
        return Node(left.start, right.end, left.parts + [right], changes)

    def comma(self):
        node = self.assignment()
        while self.word() == ",":
            self.take()
            other = self.assignment()
            node = Node(node.start, other.end, [node, other])
        return node

    # ---- what is written ----

    def mutant(self, start, original, mutated):
        line = self.text.count("\n", 0, start) + 1
        self.mutants.append(
            Mutant(len(self.mutants) + 1, self.function, line, original, " ".join(mutated.split())))
        return self.mutants[-1].number

    def render(self, node):
        text, at = "", node.start
        for part in sorted(node.parts, key=lambda p: p.start):
            text += self.text[at:part.start] + self.render(part)
            at = part.end
        text += self.text[at:node.end]
        line = self.text.count("\n", 0, node.start) + 1
        for change in node.changes:
            if (line, " ".join(change.split())) in self.dropped:
                continue
            number = self.mutant(node.start, self.raw(node), change)
            text = f"(MUTANT({number}) ? ({change}) : ({text}))"
        return text

    def emit(self, node, condition=False):
        text = self.render(node)
        if condition and not re.fullmatch(r"\w+", self.raw(node)):
            for value in ("true", "false"):
                number = self.mutant(node.start, self.raw(node), value)
                text = f"(MUTANT({number}) ? {value} : ({text}))"
        self.edits.append((node.start, node.end, text))

    # ---- statements ----

    def is_declaration(self):
        if self.word() in ("static", "const", "struct") or self.word().startswith("g_auto"):
            return True
        if not (self.kind() == "id" and self.is_type(self.word())):
            return False
        ahead = 1
        while self.word(ahead) in ("*", "const"):
            ahead += 1
        return self.kind(ahead) == "id"

    def declaration(self):
        if self.word() == "static":
            while self.word() != ";":
                if self.word() in "([{" and self.kind() == "op":
                    self.skip_balanced()
                else:
                    self.take()
            self.take(";")
            return
        while self.word() != ";":
            if self.word() == "=":
                self.take()
                if self.word() == "{":
                    self.skip_balanced()
                else:
                    self.emit(self.assignment())
            elif self.word() in ("[", "("):
                self.skip_balanced()
            else:
                self.take()
        self.take(";")

    def in_brackets(self, condition):
        self.take("(")
        self.emit(self.comma(), condition)
        self.take(")")

    def for_loop(self):
        self.take("for")
        self.take("(")
        if self.is_declaration():
            self.declaration()
        else:
            if self.word() != ";":
                self.emit(self.comma())
            self.take(";")
        if self.word() != ";":
            self.emit(self.comma())
        self.take(";")
        if self.word() != ")":
            self.emit(self.comma())
        self.take(")")
        self.statement()

    def expression_statement(self):
        start, number_of_edits = self.start(), len(self.edits)
        node = self.comma()
        self.take(";")
        raw = self.raw(node)
        if raw.startswith(("(void)", "pio_guest_error", "assert", "va_")):
            return
        text = self.render(node)
        number = self.mutant(start, raw + ";", "(nothing)")
        del self.edits[number_of_edits:]
        self.edits.append((node.start, self.last_end(), f"if (!MUTANT({number})) {{ {text}; }}"))

    def statement(self):
        word = self.word()
        if word == "{":
            self.take()
            while self.word() != "}":
                self.statement()
            self.take("}")
        elif word in ("if", "while", "switch"):
            self.take()
            self.in_brackets(word == "if")
            self.statement()
            if word == "if" and self.word() == "else":
                self.take()
                self.statement()
        elif word == "for":
            self.for_loop()
        elif word == "do":
            self.take()
            self.statement()
            self.take("while")
            self.in_brackets(False)
            self.take(";")
        elif word in ("case", "default"):
            while self.word() != ":":
                self.take()
            self.take(":")
        elif word == "return":
            self.take()
            if self.word() != ";":
                self.emit(self.comma())
            self.take(";")
        elif word in ("break", "continue", "goto", "__attribute__"):
            while self.word() != ";":
                self.take()
            self.take(";")
        elif word == ";":
            self.take()
        elif self.kind() == "end":
            raise NotUnderstood("the end of the function")
        elif self.is_declaration():
            self.declaration()
        else:
            self.expression_statement()

    def body(self):
        self.take("{")
        while self.word() != "}":
            self.one_statement()

    def one_statement(self):
        """Parses one statement.  A statement that it does not understand gets no mutants."""
        at, mutants, edits = self.at, len(self.mutants), len(self.edits)
        try:
            self.statement()
        except NotUnderstood:
            del self.mutants[mutants:]
            del self.edits[edits:]
            self.at = at
            while self.word() not in (";", "{") and self.kind() != "end":
                self.take()
            if self.word() == "{":
                self.skip_balanced()
            else:
                self.take()


def functions_of(text):
    """Yields (name, start, end) of each body with its braces."""
    for match in re.finditer(r"^\{\n.*?^\}\n", text, re.M | re.S):
        head = text[:match.start()].rstrip()
        begin = max(head.rfind("\n\n"), head.rfind("*/"), head.rfind("\n}"), head.rfind("\n#"))
        name = re.search(r"(\w+)\(", head[begin + 1:])
        if name:
            yield name[1], match.start(), match.end() - 1


def make(text, headers="", dropped=()):
    """
    (all mutants in one text, the list of them).  `headers`: text with more types;
    `dropped`: (line, mutated) of those that do not compile.
    """
    mutants, edits = [], []
    types = typedefs_of(text) | typedefs_of(headers)
    for name, start, end in functions_of(text):
        if not NOT_MUTATED.search(name):
            Parser(text, start, end, name, types, dropped, mutants, edits).body()
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text, mutants
