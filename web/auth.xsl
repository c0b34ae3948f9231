<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns="http://www.w3.org/1999/xhtml">
<xsl:output method="xml" media-type="text/html" encoding="UTF-8" indent="yes" omit-xml-declaration="yes"
  doctype-public="-//W3C//DTD XHTML 1.0 Strict//EN" doctype-system="about:legacy-compat"/>

<xsl:template match="/icestats">
<html lang="en" xml:lang="en">
<head>
<title>Login - icecast-lb</title>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<link rel="stylesheet" type="text/css" href="/style.css"/>
<link rel="icon" type="image/png" href="/icecast.png"/>
</head>
<body>
<header id="top">
<h1 id="header">icecast-lb</h1>
<nav id="menu" aria-label="Pages"><ul>
<li><a href="/status.xsl">On air</a></li>
<li><a href="/server_version.xsl">Version</a></li>
<li><a href="/admin/">Administration</a></li>
</ul></nav>
</header>
<main>
<h2>Authorization Page</h2>
<p class="hint">These streams ask for a name and a password. You get a playlist file that holds both: keep it to yourself.</p>
<xsl:if test="not(source[authenticator])"><div class="roundbox empty"><p>No stream asks for a password just now.</p></div></xsl:if>
<xsl:for-each select="source[authenticator]">
<section class="roundbox">
<h3 class="mount" dir="auto"><xsl:call-template name="heading"/></h3>
<form class="alignedform" method="post" action="/admin/buildm3u">
<p><label>Username<input name="username" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" required="required"/></label></p>
<p><label>Password<input name="password" type="password" autocomplete="current-password" required="required"/></label></p>
<p><input type="hidden" name="mount" value="{@mount}"/><button type="submit">Login</button></p>
</form>
</section>
</xsl:for-each>
</main>
</body>
</html>
</xsl:template>

<!-- The name and below it the mount; or the mount alone. -->
<xsl:template name="heading">
<xsl:variable name="name"><xsl:call-template name="name"/></xsl:variable>
<xsl:choose>
<xsl:when test="$name = @mount"><xsl:value-of select="concat('Mountpoint ', @mount)"/></xsl:when>
<xsl:otherwise><xsl:value-of select="$name"/><small><xsl:value-of select="concat('Mountpoint ', @mount)"/></small></xsl:otherwise>
</xsl:choose>
</xsl:template>

<!-- What people call the stream; encoders that were told no name leave Icecast's words. -->
<xsl:template name="name">
<xsl:choose>
<xsl:when test="string(server_name) and server_name != 'Unspecified name'"><xsl:value-of select="server_name"/></xsl:when>
<xsl:otherwise><xsl:value-of select="@mount"/></xsl:otherwise>
</xsl:choose>
</xsl:template>
</xsl:stylesheet>
