// Renders the OpenAPI document. Requests that are tried here come from whoever is logged in, or bring a key.
const reference = document.getElementById("reference");
const csrfToken = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]*)/) || [])[1] || "";

SwaggerUIBundle({
  url: reference.dataset.document,
  domNode: reference,
  deepLinking: true,
  docExpansion: "list",
  // It would send the document to a validator on the Internet.
  validatorUrl: null,
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = csrfToken();
    return request;
  },
});
