// Connects the pages' buttons to allauth's WebAuthn scripts. Without scripts the buttons stay hidden.
"use strict";
{
  const supported = window.PublicKeyCredential && window.isSecureContext;
  const button = document.getElementById("security-key");
  if (button && supported) {
    const ids = { [button.dataset.name]: "security-key", credential: button.dataset.credential, data: "security-key-options" };
    if (button.dataset.passwordless) ids.passwordless = button.dataset.passwordless;
    allauth.webauthn.forms[button.dataset.form]({ ids });
    button.hidden = false;
    document.getElementById("security-key-needs-script").hidden = true;
    document.addEventListener("allauth.error", (event) => {
      event.preventDefault();
      document.getElementById("security-key-failed").hidden = false;
    });
  }
  const passkey = document.querySelector("[data-passkey-login]");
  if (passkey && supported) {
    allauth.webauthn.forms.loginForm({ ids: { login: "passkey-login", credential: "passkey-credential" } });
    passkey.hidden = false;
    // The person changed their mind, or has no passkey here: the password's form is still there.
    document.addEventListener("allauth.error", (event) => event.preventDefault());
  }
}
