"use strict";
const scheme = location.protocol === "https:" ? "wss://" : "ws://";
new WebSocket(scheme + location.host + "/live").onmessage = (event) => {
    document.getElementById("frame").textContent = event.data;
};
