# Flask's own command reads this file, so that `flask run` and `flask shell` need no options in this checkout.
# Dev mode accepts webhooks without Twilio's signature from this machine. The file is in no package.
# No secret belongs in it.
FLASK_APP=ivrkit.web:create_app
IVRKIT_DEV=1
