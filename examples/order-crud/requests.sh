#!/usr/bin/env bash
# What clients ask of the API: right and wrong. It prints each request with the status of its answer.
set -euo pipefail
api=${API:-http://127.0.0.1:8000}

ask() { # method, path, body
    local status
    status=$(curl -sS -o /dev/null -w '%{http_code}' -X "$1" -H 'Content-Type: application/json' -d "$3" "$api$2")
    echo "$status $1 $2"
}

ask POST /orders '{"customer":"17490","currency":"GBP","items":[{"sku":"22485","quantity":12,"price":21.47}]}'
ask POST /orders '{"customer":"12501","currency":"BRL","items":[{"sku":"17822","quantity":2,"price":11.11},{"sku":"85136B","quantity":1,"price":3.5}],"note":"ring twice"}'
ask POST /orders '{"customer":"16446","currency":"EUR","items":[{"sku":"23843","quantity":1,"price":6.19}]}'
ask PUT /orders/00000001 '{"items":[{"sku":"22485","quantity":6,"price":21.47}]}'
ask PUT /orders/00000002 '{"customer":"12502"}'
ask PUT /orders/00000001 '{"currency":"USD"}'
ask DELETE /orders/00000003 '{"reason":"ordered twice"}'

# the API answers 2xx to these, too; the lake says what is wrong with them
ask POST /orders '{"customer":"17490","currency":"GBP","items":[{"sku":"22485","quantity":"12","price":21.47}]}'
ask POST /orders '{"customer":"17490","currency":"GBP"}'
ask POST /orders '{"customer":"17490","currency":"£","items":[{"sku":"22485","quantity":1,"price":21.47}]}'
ask PUT /orders/00000002 '{}'
ask PUT /orders/00000002 '{"customer":12502}'
ask DELETE /orders/00000001 '{}'

# and these are no change: no event
ask PUT /orders/0000ffff '{"customer":"1"}'
ask POST /orders '[1,2]'
