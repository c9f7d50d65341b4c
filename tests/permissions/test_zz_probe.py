import pytest
from tests.permissions.stage import Stage
pytestmark = pytest.mark.django_db
def test_probe(capsys):
    s = Stage()
    with s.browser("own") as c:
        c.raise_request_exception = True
        a = c.get(s.url("booking:confirm"))
    with s.browser("operator") as c:
        a = c.post(s.url("booking:record"), s.body("booking:record"))
        import re
        print(re.findall(r"class=\"[^\"]*error[^\"]*\".*?</", a.content.decode(), re.S))
        raise SystemExit(capsys.readouterr().out)
