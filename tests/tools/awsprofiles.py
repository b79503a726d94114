# SPDX-License-Identifier: ISC
"""The AWS files as botocore reads them, and as pemkeep does: the same?

usage: awsprofiles.py PATH_OF_awsprofiles [SEED [COUNT]]

Compares files written by hand and COUNT random ones.  Prints TAP; exits 77 when
there is no botocore to compare with.
"""

import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

try:
    import botocore.exceptions
    import botocore.session
except ImportError as error:
    print(f'1..0 # SKIP {error}')
    sys.exit(77)

# Where pemkeep means something else, on purpose: a byte order mark is passed
# over, and a second [DEFAULT] is a mistake as any other second section is.
BY_HAND = [
    ('', ''),
    ('[default]\nregion = eu-west-1 # x\n', ''),
    ('[profile "my dev"]\na=1\n[profile \'x\' ]\nb=2\n', '[my dev]\nc=3\n'),
    ('[default]\na=1\nb=1\n[profile default]\na=2\n', '[default]\nb=3\n'),
    ('[profiles x]\na=1\n[profile a b]\n[profile]\n[a]\n', ''),
    ('[profile a\\ b]\na=1\n[profile "x]\n[profile y\\]\n', ''),
    ('[profile a]\nk=\n  x = 1\n  y = 2\nl=3\n', '[a]\nk=4\n'),
    ('[profile a]\nk=4\n', '[a]\nk=\n  x = 1\n'),
    ('[profile a]\nk=\n  x\n', ''),
    ('[default]\nk=1\n\n 2\n\n\n 3\n\n# c\n 4\n', ''),
    ('[default]\r\nk=1\r\n 2\r\nl=3\r', ''),
    ('[default]\nK : v = w\nl = a:b\n', ''),
    ('[default] tail\nk=1\n', '[a] b\nk=1\n[ a ]\n[b]c]\n'),
    ('[DEFAULT]\nk=1\nl=2\n[default]\nl=3\n[profile a]\n', '[a]\n[b]\n'),
    ('[default]\nk=1\n', '[DEFAULT]\nk=2\n[default]\n[DEFAULT x]\n'),
    ('[default]\nk=1\nk=2\n', ''),
    ('[default]\nk=1\n[default]\n', ''),
    ('k=1\n', ''),
    ('[default]\nword\n', ''),
    ('[default]\n=1\n', ''),
    ('[]\n', ''),
    ('[default]\n[]\n', ''),
    ('[]]\n', '[]]\nk=1\n'),
    ('[default\nk=1\n', ''),
    ('', '[default]\n[a=1\n'),
    ('  [default]\n  k=1\n   2\n l=3\n', ''),
    ('[default]\n\u3000k\u3000=\u3000v\u00a0\n l=2\n', ''),
    ('[default]\nk=1\n\u30002\n', ''),
    ('[profile \u1109\u1165]\nk=\uac12\n[profile \uc11c\ubc84]\n', '[\uc11c\ubc84]\nk=1'),
    ('[sso-session s]\nk=1\n[services x]\nk=\n a=1\n[default]\nservices=x\n', ''),
    ('[default]\nk=\n\n\nl=1\n', ''),
    ('[default]\nk=\n#c\n x=1\n', ''),
    ('[default]\n#c\n;c\n  ;c\nk=#1\nl=;2\n', ''),
    ('[default]\nk=\x1b[2J\tx\n', ''),
    ('[default]\nk=1', '[default]'),
    (b'[default]\nk=\xff\n', ''),
]

HEADERS = ['default', 'profile a', 'profile "a b"', "profile 'c'", 'profile d e',
           'sso-session s', 'services t', 'a', 'DEFAULT', 'a b', ' a ', 'c]',
           'profile default', 'profile \uac12', 'profile x\\', 'profiles a']
KEYS = ['k', 'K', 'l', 'region', 'a b', '\uac12', '[x', 'k"']
BETWEEN = ['=', ' = ', ':', ' : ', '\t=\u3000', ' =']
VALUES = ['', 'v', 'w x ', 'a=b', '# c', '[v]', 'x ; y', '"q" %(k)s', '\uac12\u00a0']
BEFORE = ['', '', '', '', '  ', '\t', '\u3000', '   ']
ENDS = ['\n', '\n', '\n', '\r\n', '\n\n', '\r', ' \n']
JUNK = ['[', ']', '=', ':', 'word', '[]', '[default', '"', '\\', '= v']


def random_file(dice):
    text = dice.choice(['', '# c\n', '[default]\n', '[default]\n'])
    for _ in range(dice.randrange(12)):
        kind = dice.random()
        if kind < 0.25:
            line = f'[{dice.choice(HEADERS)}]' + dice.choice(['', '', ' x'])
        elif kind < 0.9:
            line = (dice.choice(KEYS) + dice.choice(BETWEEN) +
                    dice.choice(VALUES))
        elif kind < 0.98:
            line = dice.choice(['# c', ';c', '', ' '])
        else:
            line = dice.choice(JUNK)
        text += dice.choice(BEFORE) + line + dice.choice(ENDS)
    return text


def theirs(config, credentials):
    try:
        session = botocore.session.Session()
        profiles = session.full_config['profiles']
    except botocore.exceptions.ConfigParseError:
        return None
    return [(name, {key: value for key, value in values.items()
                    if isinstance(value, str)})
            for name, values in profiles.items()]


def keys_of(*texts):
    """Everything that could be a key in one of them, and then some."""
    keys = {'k', 'l', 'x', 'region'}
    for text in texts:
        for line in text.replace('\r', '\n').split('\n'):
            for end in range(len(line)):
                if line[end] in '=:':
                    keys.add(line[:end].strip().lower())
    return sorted(key for key in keys if key and '\0' not in key)


def ours(tool, keys):
    run = subprocess.run([tool, *keys], stdout=subprocess.PIPE, check=True)
    answer = json.loads(run.stdout)
    if 'error' in answer:
        return None
    return [(p['name'], p['values']) for p in answer['profiles']]


class Files:
    def __init__(self, folder):
        self.config = os.path.join(folder, 'config')
        self.credentials = os.path.join(folder, 'credentials')
        os.environ['AWS_CONFIG_FILE'] = self.config
        os.environ['AWS_SHARED_CREDENTIALS_FILE'] = self.credentials

    def write(self, config, credentials):
        for path, text in ((self.config, config),
                           (self.credentials, credentials)):
            with open(path, 'wb') as f:
                f.write(text if isinstance(text, bytes) else text.encode())


def as_text(text):
    return text.decode('latin-1') if isinstance(text, bytes) else text


def same(files, tool, config, credentials):
    files.write(config, credentials)
    want = theirs(config, credentials)
    seen = ours(tool, keys_of(as_text(config), as_text(credentials)))
    if seen == want:
        return True, want is not None
    print(f'# config {config!r}\n# credentials {credentials!r}')
    print(f'# botocore {want!r}\n# pemkeep  {seen!r}')
    return False, want is not None


def same_words(tool, text):
    run = subprocess.run([tool, '-w', text], stdout=subprocess.PIPE, check=True)
    answer = json.loads(run.stdout)
    try:
        want = shlex.split(text)
    except ValueError:
        want = None
    seen = None if 'error' in answer else answer['words']
    if seen == want:
        return True
    print(f'# text {text!r}\n# shlex {want!r}\n# pemkeep {seen!r}')
    return False


def skipped(config):
    """What is meant to differ."""
    return config.count('[DEFAULT]') > 1


def main():
    tool = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 400
    dice = random.Random(seed)
    os.environ.pop('AWS_PROFILE', None)
    os.environ.pop('AWS_DEFAULT_PROFILE', None)
    failed = 0
    valid = 0
    tests = 0
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        for config, credentials in BY_HAND:
            good, _ = same(files, tool, config, credentials)
            tests += 1
            failed += not good
            print(f"{'' if good else 'not '}ok {tests} - "
                  f'{as_text(config)[:40]!r} {credentials[:30]!r}')
        bad = 0
        for _ in range(count):
            texts = [random_file(dice), random_file(dice)]
            if any(map(skipped, texts)):
                continue
            good, is_valid = same(files, tool, *texts)
            bad += not good
            valid += is_valid
        tests += 1
        good = bad == 0 and valid * 10 > count
        failed += not good
        print(f"{'' if good else 'not '}ok {tests} - {count} random files, "
              f'seed {seed}, {valid} of them valid')
        bad = 0
        for _ in range(count):
            text = ''.join(dice.choice(['a', 'b', ' ', '\t', '\n', '"', "'", '\\',
                                        '#', '$', '\uac12'])
                           for _ in range(dice.randrange(12)))
            bad += not same_words(tool, text)
        tests += 1
        failed += bad != 0
        print(f"{'' if bad == 0 else 'not '}ok {tests} - {count} random commands")
    print(f'1..{tests}')
    return failed != 0


sys.exit(main())
