// The web app routes by itself: a path that names no file is the app's, and gets its page. Done for the
// app's files alone, so that the API's own 403 and 404 stay what they are.
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') === -1) {
    request.uri = '/index.html';
  }
  return request;
}
