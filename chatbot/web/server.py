"""The whole server: the API, the widget, the staff's login and the patients' page, behind the doors."""

from __future__ import annotations

from fastapi import FastAPI

from chatbot.desk.desk import Desk
from chatbot.desk.sessions import Sessions
from chatbot.records import Records
from chatbot.web.api import make_api
from chatbot.web.chat import add_chat
from chatbot.web.doors import add_doors
from chatbot.web.embed import add_widget
from chatbot.web.messages import add_messages
from chatbot.web.patient import mount_page
from chatbot.web.staff.assistant import mount_assistant
from chatbot.web.staff.login import add_login
from chatbot.web.staff.page import mount_staff


def make_server(desk: Desk, records: Records) -> FastAPI:
    """Everything that is served, whoever asks for it."""
    bot, settings = desk.bot, desk.settings
    sessions = Sessions(desk.store, settings.session_hours)
    api = make_api(bot, records)
    add_chat(api, bot, records, desk.outbox)
    add_widget(api, bot, settings.widget)
    add_messages(api, bot, records, desk.outbox)
    add_login(api, desk.store, sessions, bot.clinic)
    mount_assistant(api, desk)
    mount_staff(api, desk)
    server = mount_page(api, bot, records)
    add_doors(server, settings, sessions)
    return server
