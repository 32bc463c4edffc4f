"use strict"

const at = (id) => document.getElementById(id)

function show({ question, options }, socket) {
  at("question").textContent = question
  const most = Math.max(1, ...options.map((o) => o.votes))
  at("options").replaceChildren(...options.map(({ name, votes }) => {
    const button = document.createElement("button")
    const bar = document.createElement("meter")
    bar.max = most
    bar.value = votes
    bar.style.width = "100%"
    button.append(name, bar, votes)
    button.onclick = () => socket.send(JSON.stringify({ vote: name }))
    return button
  }))
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws"
  const socket = new WebSocket(`${scheme}://${location.host}/live`)
  socket.onopen = () => { at("state").textContent = "live" }
  socket.onmessage = (event) => {
    const { topic, data } = JSON.parse(event.data)
    if (topic === "results") show(data, socket)
    else at("state").textContent = data
  }
  socket.onclose = ({ reason }) => {
    at("state").textContent = `${reason || "connection lost"}; trying again`
    setTimeout(connect, 1000)
  }
}

connect()
