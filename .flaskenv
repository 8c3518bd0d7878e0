# Read by Flask's own command, so that `flask run` and `flask shell` work in this checkout without options.
# Development mode takes webhooks without Twilio's signature, and a loopback caller is all that it is for:
# this file is of the checkout only and is in no package. No secret belongs here.
FLASK_APP=ivrkit.web:create_app
IVRKIT_DEV=1
