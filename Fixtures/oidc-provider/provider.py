# SPDX-License-Identifier: Apache-2.0
"""An OpenID provider for a test, on a free port of this machine: says the port on a line, and ends with its input.

It is the package oidc-provider-mock. What that lacks is added around it: a code is exchanged only with the verifier that its
challenge was made from (RFC 7636), and only with the client's secret.
"""

import base64
import hashlib
import io
import sys
import threading
import urllib.parse
from datetime import timedelta

import oidc_provider_mock
import werkzeug.serving

CLIENT = "Basic " + base64.b64encode(b"martlet:a%2Fsecret%20%2B").decode()


class Checks:
    def __init__(self, app):
        self.app = app
        self.challenges = {}

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            form = dict(urllib.parse.parse_qsl(body.decode()))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            good = self.challenges.get(form.get("code")) == challenge
            if not good or environ.get("HTTP_AUTHORIZATION") != CLIENT:
                start_response("400 Bad Request", [("Content-Type", "application/json")])
                return [b'{"error": "invalid_grant"}']
        query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))

        def watched(status, headers, *rest):
            if path == "/oauth2/authorize" and query.get("code_challenge_method") == "S256":
                location = urllib.parse.urlparse(dict(headers).get("Location", "")).query
                self.challenges[dict(urllib.parse.parse_qsl(location)).get("code")] = query["code_challenge"]
            return start_response(status, headers, *rest)

        return self.app(environ, watched)


ada = oidc_provider_mock.User(
    sub="ada",
    claims={
        "email": "ada@example.org",
        "email_verified": True,
        "name": "Ada Lovelace",
        "preferred_username": "ada",
        "groups": ["builders"],
    },
)
app = oidc_provider_mock.app(require_nonce=True, user_claims=[ada], access_token_max_age=timedelta(hours=1))
server = werkzeug.serving.make_server("127.0.0.1", 0, Checks(app), threaded=True)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
